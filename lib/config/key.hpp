// One key of the configuration: its path, what it may be, how it is read and shown. The table of all keys is
// the one place that knows them; loader, difference, reload and the tests of the schema work on it.
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

// The reasons why a value cannot be taken; completes "KEY: …". Nothing: it was taken.
using problem = std::optional<std::string>;

struct key {
    std::string path;  // "inbox.settle"
    effect when = effect::at_reload;
    // `folder` is the configuration's own, absolute: relative paths are meant from there.
    std::function<problem(const boost::json::value& value, settings& into, const std::string& folder)> read;
    std::function<std::string(const settings&)> show;                // as it would stand in the file, nothing masked
    std::function<void(const settings& from, settings& into)> copy;  // where both have a place for it
    bool hidden = false;                                             // its value may hold a password
};

const std::vector<key>& all_keys();

// An object that holds keys. Some may be null, which switches off what it configures.
struct section {
    std::string path;
    std::function<void(settings&)> open;   // before its keys are read; may be empty
    std::function<void(settings&)> close;  // for null; empty: null is not allowed
};

const std::vector<section>& all_sections();

}  // namespace consent_sync::config
