// The io_context of the home thread. Its coroutines can be ended while everything that they refer to is still there.
//
// ~io_context() destroys the frames that still wait, and after them the services that timers and sockets need. So what
// a frame refers to must outlive the context, and an object that owns a timer must not: no order of destruction is
// right for an object that is both. end_coroutines() does the first half alone. The order at the end of the program is:
// join the other threads, end_coroutines(), destroy the objects, destroy the context.
#pragma once

#include <boost/asio/io_context.hpp>

namespace consent_sync::async {

class home_context : public boost::asio::io_context {
  public:
    home_context() : io_context(1) {}  // a hint that one thread runs it: saves time, changes nothing else

    // Requires: run() has returned and will not be called again. Destroys every frame and every handler that still
    // waits, without running them. Timers and sockets can still be destroyed afterwards.
    void end_coroutines() { shutdown(); }
};

}  // namespace consent_sync::async
