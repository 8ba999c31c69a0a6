#include <utility>

#include "intake/byte_source.hpp"

namespace consent_sync::intake {
namespace {

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

}  // namespace

std::unique_ptr<byte_source> make_bounded_source(std::unique_ptr<byte_source> source, read_bound bound) {
    return std::make_unique<bounded_source>(std::move(source), bound);
}

}  // namespace consent_sync::intake
