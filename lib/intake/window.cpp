#include "intake/window.hpp"

#include <algorithm>
#include <cstring>

#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

std::uint64_t count_line_ends(std::string_view text) {
    std::uint64_t count = 0;
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) ++count;
    return count;
}

}  // namespace

window::window(std::unique_ptr<byte_source> source)
    : source_(std::move(source)),
      buffer_(std::make_unique_for_overwrite<char[]>(2 * block_bytes)),
      size_(2 * block_bytes) {}

// For one more block behind end_.
void window::make_room() {
    if (begin_ > 0) {
        count_lines_to(offset());
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        base_ += begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    if (size_ - end_ >= block_bytes) return;
    auto larger = std::make_unique_for_overwrite<char[]>(size_ * 2);
    std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    size_ *= 2;
}

base::result<bool> window::fill() {
    if (size_ - end_ < block_bytes) make_room();
    const base::result<std::size_t> got = source_->read(std::span(buffer_.get() + end_, block_bytes));
    if (!got) return got.error();
    end_ += *got;
    return *got > 0;
}

base::result<void> window::jump(std::uint64_t to) {
    if (to >= offset() && to - offset() <= ahead().size()) {
        skip(to - offset());
        return {};
    }
    const base::result<bool> sought = source_->seek(to);
    if (!sought) return sought.error();
    if (*sought) {
        begin_ = end_ = 0;
        base_ = counted_to_ = to;
        lines_ = 0;
        lines_known_ = to == 0;
        return {};
    }
    if (to < offset())
        return base::error{base::errc::unsupported,
                           "a compressed file cannot be read backwards; ask for its rows in ascending order"};
    while (offset() < to) {
        skip(std::min<std::uint64_t>(to - offset(), ahead().size()));
        if (offset() == to) break;
        const base::result<bool> more = fill();
        if (!more) return more.error();
        if (!*more)
            return base::error{base::errc::invalid_input, "the file is shorter than it was: it ends at byte " +
                                                              std::to_string(offset()) +
                                                              " and was already read up to byte " + std::to_string(to)};
    }
    return {};
}

base::result<std::uint64_t> window::skip_past(char a, char b) {
    std::uint64_t passed = 0;
    for (;;) {
        const std::string_view text = ahead();
        const auto found = std::find_if(text.begin(), text.end(), [&](char c) { return c == a || c == b; });
        const auto before = static_cast<std::size_t>(found - text.begin());
        passed += before;
        if (found != text.end()) {
            skip(before + 1);
            return passed;
        }
        skip(before);
        const base::result<bool> more = fill();
        if (!more) return more.error();
        if (!*more) return passed;
    }
}

std::uint64_t window::line_at(std::uint64_t at) {
    if (!lines_known_) count_lines_from_start();
    if (!lines_known_) return 0;
    count_lines_to(at);
    return lines_ + 1;
}

void window::count_lines_to(std::uint64_t at) {
    if (at <= counted_to_) return;
    lines_ += count_line_ends({buffer_.get() + (counted_to_ - base_), at - counted_to_});
    counted_to_ = at;
}

// After a resume the lines before the cursor were never seen. They are counted only if a row has to be named
// by line.
void window::count_lines_from_start() {
    const std::uint64_t read_so_far = base_ + end_;
    std::vector<char> block(block_bytes);
    std::uint64_t lines = 0;
    std::uint64_t at = 0;
    const base::result<bool> to_start = source_->seek(0);
    bool complete = to_start && *to_start;
    while (complete && at < counted_to_) {
        const std::size_t wanted = std::min<std::uint64_t>(block.size(), counted_to_ - at);
        const base::result<std::size_t> got = source_->read(std::span(block.data(), wanted));
        complete = got && *got > 0;
        if (!complete) break;
        lines += count_line_ends({block.data(), *got});
        at += *got;
    }
    const base::result<bool> back = source_->seek(read_so_far);
    if (!complete || !back) return;
    lines_ += lines;
    lines_known_ = true;
}

}  // namespace consent_sync::intake
