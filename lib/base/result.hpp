// The one way in which expected failures travel: a value, never an exception.
//
// `error` is a sentence for the person who reads the log: what happened, where, and what to do.
// Exceptions are left for bugs and for an exhausted machine (bad_alloc).
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace consent_sync::base {

enum class errc {
    invalid_input,  // a file, a field or an option that breaks its rules
    io,             // the operating system refused: the message names the call and its reason
    no_space,       // the disk or a quota is full; goes away when there is room
    corrupt,        // stored state contradicts itself; never repaired silently
    busy,           // somebody else holds what is needed
    not_found,
    unsupported,
};

struct error {
    errc code = errc::io;
    std::string message;
};

// Called by result::value() on an error: asking for a value that is not there is a bug.
[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
    throw std::runtime_error(e.message);
}

template <class T>
using result = boost::system::result<T, error>;

}  // namespace consent_sync::base
