// One key of the configuration: its path, how it is read and checked, how it is shown. The table of all keys is the
// only place that lists them; loader, difference, reload and the tests of the schema use it.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace consent_sync::config {

enum class effect { at_reload, at_restart };

// Why a value is refused; completes "KEY: …". Nothing: the value was accepted.
using problem = std::optional<std::string>;

struct key {
    std::string path;  // "inbox.settle"
    effect when = effect::at_reload;
    // `folder` is the absolute path of the configuration's folder; relative paths start there.
    std::function<problem(const boost::json::value& value, settings& into, const std::string& folder)> read;
    std::function<std::string(const settings&)> show;                // as written in the file, not masked
    std::function<void(const settings& from, settings& into)> copy;  // if both settings have a place for it
    bool hidden = false;                                             // the value may contain a password
};

const std::vector<key>& all_keys();

// An object that contains keys. Some sections may be null, which switches off what they configure.
struct section {
    std::string path;
    std::function<void(settings&)> open;   // called before its keys are read; may be empty
    std::function<void(settings&)> close;  // called for null; empty: null is not allowed
};

const std::vector<section>& all_sections();

}  // namespace consent_sync::config
