// Expected failures are values, never exceptions.
//
// `error` is a sentence for the person who reads the log: what happened, where, and what to do. Exceptions are only for
// bugs and for lack of memory (bad_alloc).
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace consent_sync::base {

enum class errc {
    invalid_input,  // a file, a field or an option that breaks its rules
    io,             // the operating system failed; the message names the call and the reason
    no_space,       // the disk or a quota is full; ends when there is room
    corrupt,        // stored state contradicts itself; it is never repaired silently
    busy,           // another process or request holds what is needed
    not_found,
    unsupported,
};

struct error {
    errc code = errc::io;
    std::string message;
};

// Called by result::value() on an error. To ask an error for its value is a bug.
[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
    throw std::runtime_error(e.message);
}

template <class T>
using result = boost::system::result<T, error>;

}  // namespace consent_sync::base
