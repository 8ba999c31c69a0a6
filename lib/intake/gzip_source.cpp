#include <zlib.h>

#include <algorithm>
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
        : compressed_(std::move(compressed)), bytes_max_(bytes_max), bytes_left_(bytes_max), input_(block_bytes) {
        if (::inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
    }
    ~gzip_source() override { ::inflateEnd(&stream_); }
    gzip_source(const gzip_source&) = delete;
    gzip_source& operator=(const gzip_source&) = delete;

    base::result<std::size_t> read(std::span<char> into) override {
        if (failed_) return *failed_;
        // At the limit one more byte is asked for: a file of exactly that size ends well.
        char beyond = 0;
        const bool at_limit = bytes_left_ == 0;
        const std::size_t room = std::min<std::uint64_t>({into.size(), bytes_left_, 1U << 30});
        const std::size_t got = inflate_some(at_limit ? std::span(&beyond, 1) : into.first(room));
        if (at_limit && got > 0) {
            given_ -= got;
            failed_ = broken("it holds more, and this is the most that is read of one compressed file; split it");
        }
        if (!at_limit) bytes_left_ -= got;
        // What came out before the damage is given first, so that the rows do not depend on how they are
        // asked for.
        if (failed_ && (got == 0 || at_limit)) return *failed_;
        return got;
    }

    base::result<bool> seek(std::uint64_t) override { return false; }
    base::result<std::unique_ptr<byte_source>> again() const override {
        base::result<std::unique_ptr<byte_source>> compressed = compressed_->again();
        if (!compressed) return compressed.error();
        return make_gzip_source(std::move(*compressed), bytes_max_);
    }

  private:
    // The bytes put into `into`. Fewer than one: the end, or failed_ is set.
    std::size_t inflate_some(std::span<char> into) {
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(into.size());
        while (!failed_ && stream_.avail_out == into.size()) {
            if (stream_.avail_in == 0) {
                const base::result<std::size_t> more = compressed_->read(input_);
                if (!more) {
                    failed_ = more.error();
                } else if (*more == 0) {
                    if (in_member_) failed_ = broken("it ends in the middle; it was not written or copied to its end");
                    break;
                } else {
                    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
                    stream_.avail_in = static_cast<uInt>(*more);
                }
            }
            if (!failed_ && find_member()) step();
        }
        return into.size() - stream_.avail_out;
    }

    // Whether there is something to inflate. Behind a member zero bytes are padding, and the first other byte
    // opens the next member.
    bool find_member() {
        if (in_member_) return stream_.avail_in > 0;
        while (members_ > 0 && stream_.avail_in > 0 && *stream_.next_in == 0) {
            ++stream_.next_in;
            --stream_.avail_in;
        }
        in_member_ = stream_.avail_in > 0;
        if (in_member_ && ::inflateReset(&stream_) != Z_OK) failed_ = broken("zlib could not go on");
        return in_member_ && !failed_;
    }

    void step() {
        const uInt before = stream_.avail_out;
        const int answer = ::inflate(&stream_, Z_NO_FLUSH);
        given_ += before - stream_.avail_out;
        if (answer == Z_STREAM_END) {
            in_member_ = false;
            ++members_;
        } else if (answer == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
            failed_ = broken(stream_.msg != nullptr ? stream_.msg : "it is no gzip data");
        }
    }

    base::error broken(const std::string& why) const {
        return base::error{base::errc::invalid_input,
                           "the gzip file breaks off after " + std::to_string(given_) + " bytes of content: " + why};
    }

    std::unique_ptr<byte_source> compressed_;
    std::uint64_t bytes_max_;
    std::uint64_t bytes_left_;
    std::uint64_t given_ = 0;
    std::uint64_t members_ = 0;
    bool in_member_ = false;
    std::vector<char> input_;
    z_stream stream_{};
    std::optional<base::error> failed_;
};

}  // namespace

std::unique_ptr<byte_source> make_gzip_source(std::unique_ptr<byte_source> compressed, std::uint64_t bytes_max) {
    return std::make_unique<gzip_source>(std::move(compressed), bytes_max);
}

}  // namespace consent_sync::intake
