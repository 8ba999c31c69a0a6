// A sliding window over the bytes of a file: everything from the cursor on that has been read, offsets, line
// numbers.
//
// A view of ahead() lives until the next fill(), skip() or jump(). Memory: what lies between the cursor and
// the last byte read, so a reader that moves its cursor on after each row is bounded by the longest row it
// accepts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "intake/sources.hpp"

namespace consent_sync::intake {

class window {
  public:
    explicit window(std::unique_ptr<byte_source> source);

    std::string_view ahead() const { return {buffer_.get() + begin_, end_ - begin_}; }
    std::uint64_t offset() const { return base_ + begin_; }  // of the cursor

    // Of the whole file; nothing: it is not known.
    std::optional<std::uint64_t> size() const { return source_->size(); }
    // Another source of the same bytes, at their start.
    base::result<std::unique_ptr<byte_source>> again() const { return source_->again(); }

    // Reads more behind what is there. false: there is no more. Errors: those of the source.
    base::result<bool> fill();
    // Requires: n <= ahead().size().
    void skip(std::size_t n) { begin_ += n; }
    // Moves the cursor to `offset`. A source that only goes forwards is read up to there; the way back is
    // then closed.
    base::result<void> jump(std::uint64_t offset);
    // Moves the cursor behind the next `a` or `b`, or to the end. Gives the bytes passed, without that one.
    base::result<std::uint64_t> skip_past(char a, char b);

    // The number of the line (from 1, by line feeds) that `at` lies in; 0 where the file cannot be read
    // again. Requires: ascending calls, at <= offset() + ahead().size().
    std::uint64_t line_at(std::uint64_t at);

  private:
    void count_lines_to(std::uint64_t at);
    void count_lines_from_start();

    void make_room();

    std::unique_ptr<byte_source> source_;
    std::unique_ptr<char[]> buffer_;  // not cleared: a small file touches little of it
    std::size_t size_;                // of the buffer
    std::size_t begin_ = 0;           // the cursor
    std::size_t end_ = 0;             // of the bytes read
    std::uint64_t base_ = 0;          // offset in the file of buffer_[0]
    std::uint64_t counted_to_ = 0;    // line ends before this offset are in lines_
    std::uint64_t lines_ = 0;
    bool lines_known_ = true;  // false after a seek, until line_at() counts them
};

}  // namespace consent_sync::intake
