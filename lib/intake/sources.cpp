#include "intake/sources.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/hex.hpp>
#include <cerrno>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

class file_source final : public byte_source {
  public:
    explicit file_source(base::unique_fd file) : file_(std::move(file)) {
        ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // only advice
    }

    base::result<std::size_t> read(std::span<char> into) override {
        for (;;) {  // pread: other users of the open file keep their own place
            const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset_));
            if (got >= 0) {
                offset_ += static_cast<std::uint64_t>(got);
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR) return reading_error("reading the file", errno);
        }
    }

    base::result<bool> seek(std::uint64_t offset) override {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return reading_error("looking at the file", errno);
        if (offset > static_cast<std::uint64_t>(status.st_size))
            return base::error{base::errc::invalid_input,
                               "the file is shorter than it was: it has " + std::to_string(status.st_size) +
                                   " bytes and was already read up to byte " + std::to_string(offset)};
        offset_ = offset;
        return true;
    }

    std::optional<std::uint64_t> size() const override {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return std::nullopt;
        return static_cast<std::uint64_t>(status.st_size);
    }

    base::result<std::unique_ptr<byte_source>> again() const override {
        base::unique_fd same(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
        if (!same) return reading_error("opening the file once more", errno);
        return make_file_source(std::move(same));
    }

  private:
    base::unique_fd file_;
    std::uint64_t offset_ = 0;
};

class bounded_source final : public byte_source {
  public:
    bounded_source(std::unique_ptr<byte_source> source, read_bound bound) : source_(std::move(source)), bound_(bound) {}

    base::result<std::size_t> read(std::span<char> into) override {
        if (passed_ >= bound_.content_max) return base::error{base::errc::busy, "reading was interrupted: long enough"};
        if (bound_.stop != nullptr && *bound_.stop) return base::error{base::errc::busy, "reading was interrupted"};
        const base::result<std::size_t> got = source_->read(into);
        if (got) passed_ += *got;
        return got;
    }
    base::result<bool> seek(std::uint64_t offset) override { return source_->seek(offset); }
    std::optional<std::uint64_t> size() const override { return source_->size(); }
    base::result<std::unique_ptr<byte_source>> again() const override {
        base::result<std::unique_ptr<byte_source>> source = source_->again();
        if (!source) return source.error();
        return make_bounded_source(std::move(*source), bound_);
    }

  private:
    std::unique_ptr<byte_source> source_;
    read_bound bound_;
    std::uint64_t passed_ = 0;
};

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
            failed_ = broken(stream_.msg != nullptr ? stream_.msg : "it is not gzip data");
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

base::result<base::unique_fd> open_for_reading(const std::string& path) {
    // O_NONBLOCK keeps a FIFO that was put there from hanging the thread; it means nothing for a regular file.
    base::unique_fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file) return reading_error("opening the file", errno);
    return file;
}

base::error reading_error(const char* call, int errnum) {
    const base::errc code = errnum == ENOENT ? base::errc::not_found : base::errc::io;
    return base::error{code, std::string(call) + " failed: " + std::generic_category().message(errnum)};
}

std::unique_ptr<byte_source> make_file_source(base::unique_fd file) {
    return std::make_unique<file_source>(std::move(file));
}

std::unique_ptr<byte_source> make_bounded_source(std::unique_ptr<byte_source> source, read_bound bound) {
    return std::make_unique<bounded_source>(std::move(source), bound);
}

std::unique_ptr<byte_source> make_gzip_source(std::unique_ptr<byte_source> compressed, std::uint64_t bytes_max) {
    return std::make_unique<gzip_source>(std::move(compressed), bytes_max);
}

base::result<std::string> hash_file(int fd, const std::atomic<bool>* stop, std::uint64_t most) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> digest(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
    if (digest == nullptr || ::EVP_DigestInit_ex(digest.get(), ::EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL has no SHA-256");
    const auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
    for (off_t offset = 0; static_cast<std::uint64_t>(offset) < most;) {
        if (stop != nullptr && *stop) return base::error{base::errc::busy, "hashing was interrupted"};
        const auto size = std::min<std::uint64_t>(block_bytes, most - static_cast<std::uint64_t>(offset));
        const ssize_t got = ::pread(fd, block.get(), static_cast<std::size_t>(size), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return reading_error("reading the file for its SHA-256", errno);
        if (got == 0) break;
        ::EVP_DigestUpdate(digest.get(), block.get(), static_cast<std::size_t>(got));
        offset += got;
    }
    std::array<unsigned char, 32> sum{};
    ::EVP_DigestFinal_ex(digest.get(), sum.data(), nullptr);
    std::string hex;
    boost::algorithm::hex_lower(sum.begin(), sum.end(), std::back_inserter(hex));
    return hex;
}

}  // namespace consent_sync::intake
