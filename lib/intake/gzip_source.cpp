#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <vector>

#include "intake/byte_source.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

constexpr int gzip_only = 15 + 16;  // zlib's windowBits: the largest window, a gzip header required

class gzip_source final : public byte_source {
  public:
    gzip_source(std::unique_ptr<byte_source> compressed, std::uint64_t bytes_max)
        : compressed_(std::move(compressed)), bytes_left_(bytes_max), input_(block_bytes) {
        if (::inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
    }
    ~gzip_source() override { ::inflateEnd(&stream_); }
    gzip_source(const gzip_source&) = delete;
    gzip_source& operator=(const gzip_source&) = delete;

    base::result<std::size_t> read(std::span<char> into) override {
        if (failed_) return *failed_;
        base::result<std::size_t> got = inflate_some(into);
        if (!got) failed_ = got.error();
        return got;
    }

    base::result<bool> seek(std::uint64_t) override { return false; }

  private:
    base::result<std::size_t> inflate_some(std::span<char> into) {
        // One byte more than allowed is asked for, so that a file of exactly the limit still ends well.
        const std::size_t room = std::min<std::uint64_t>(into.size(), bytes_left_ + 1);
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(room, 1U << 30));
        const uInt offered = stream_.avail_out;
        while (stream_.avail_out == offered) {
            if (stream_.avail_in == 0) {
                const base::result<std::size_t> more = compressed_->read(input_);
                if (!more) return more.error();
                if (*more == 0) return at_end_of_input();
                stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
                stream_.avail_in = static_cast<uInt>(*more);
            }
            if (const auto refused = between_members()) return *refused;
            if (stream_.avail_in == 0) continue;
            if (const auto refused = step()) return *refused;
        }
        const std::size_t got = offered - stream_.avail_out;
        if (got > bytes_left_)
            return broken("it holds more than " + std::to_string(given_ + bytes_left_) +
                          " bytes, which is the most that is read of one compressed file; split it");
        bytes_left_ -= got;
        given_ += got;
        return got;
    }

    // Behind a member: zero bytes are padding, the first other byte opens the next member.
    std::optional<base::error> between_members() {
        if (in_member_) return std::nullopt;
        if (members_ > 0)
            while (stream_.avail_in > 0 && *stream_.next_in == 0) {
                ++stream_.next_in;
                --stream_.avail_in;
            }
        if (stream_.avail_in == 0) return std::nullopt;
        if (::inflateReset(&stream_) != Z_OK) return broken("zlib could not go on");
        in_member_ = true;
        return std::nullopt;
    }

    std::optional<base::error> step() {
        const int answer = ::inflate(&stream_, Z_NO_FLUSH);
        if (answer == Z_STREAM_END) {
            in_member_ = false;
            ++members_;
        } else if (answer == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
            return broken(stream_.msg != nullptr ? stream_.msg : "it is no gzip data");
        }
        return std::nullopt;
    }

    base::result<std::size_t> at_end_of_input() const {
        if (!in_member_) return std::size_t{0};
        return broken("it ends in the middle; it was not written or copied to its end");
    }

    base::error broken(const std::string& why) const {
        return base::error{
            base::errc::invalid_input,
            "the gzip file breaks off after " + std::to_string(given_) + " bytes of content: " + why};
    }

    std::unique_ptr<byte_source> compressed_;
    std::uint64_t bytes_left_;
    std::uint64_t given_ = 0;
    std::uint64_t members_ = 0;
    bool in_member_ = false;
    std::vector<char> input_;
    z_stream stream_{};
    std::optional<base::error> failed_;
};

}  // namespace

std::unique_ptr<byte_source> make_gzip_source(std::unique_ptr<byte_source> compressed,
                                              std::uint64_t bytes_max) {
    return std::make_unique<gzip_source>(std::move(compressed), bytes_max);
}

}  // namespace consent_sync::intake
