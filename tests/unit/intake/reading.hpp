// Files in memory for the tests of reading: delivered in pieces of any size, failing where a test wants it.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "intake/file_reader.hpp"

namespace consent_sync::intake {

class memory_source final : public byte_source {
  public:
    memory_source(std::string content, std::size_t piece, bool seekable = true,
                  std::optional<std::size_t> fails_at = std::nullopt)
        : content_(std::move(content)), piece_(piece), seekable_(seekable), fails_at_(fails_at) {}

    base::result<std::size_t> read(std::span<char> into) override {
        if (fails_at_ && at_ >= *fails_at_) return base::error{base::errc::io, "the disk failed"};
        const std::size_t end = std::min(fails_at_.value_or(content_.size()), content_.size());
        const std::size_t n = std::min({into.size(), piece_, end - at_});
        std::memcpy(into.data(), content_.data() + at_, n);
        at_ += n;
        return n;
    }
    base::result<bool> seek(std::uint64_t offset) override {
        if (!seekable_) return false;
        at_ = offset;
        return true;
    }
    base::result<std::unique_ptr<byte_source>> again() const override {
        return std::unique_ptr<byte_source>(new memory_source(content_, piece_, seekable_, fails_at_));
    }

  private:
    std::string content_;
    std::size_t piece_;
    bool seekable_;
    std::optional<std::size_t> fails_at_;
    std::size_t at_ = 0;
};

inline std::string gzip(const std::string& content) {
    z_stream stream{};
    if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflate");
    std::string packed(deflateBound(&stream, content.size()) + 64, '\0');
    std::string input = content;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

struct reading {
    std::string refused;  // the reason of open(); empty if it opened
    std::vector<row> rows;
    read_result end;
    std::vector<std::string> unknown;
    std::vector<std::string> suspicious;
    std::vector<std::string> notes;

    const row& operator[](std::size_t i) const { return rows.at(i); }
    std::string fault(std::size_t i) const { return rows.at(i).fault ? rows.at(i).fault->category : ""; }
    std::string message(std::size_t i) const { return rows.at(i).fault ? rows.at(i).fault->message : ""; }
    bool whole() const { return refused.empty() && end.at == read_result::state::end_of_file; }
};

inline base::result<file_reader> open_text(const std::string& content, std::string_view name,
                                           const read_settings& settings = {}, std::size_t piece = 1 << 20,
                                           read_position from = {}) {
    return file_reader::open(std::make_unique<memory_source>(content, piece), name, settings, from);
}

inline void read_on(file_reader& reader, reading& into, std::size_t chunk = 1000) {
    std::vector<row> rows;
    do {
        into.end = reader.next(rows, chunk);
        into.rows.insert(into.rows.end(), rows.begin(), rows.end());
    } while (into.end.at == read_result::state::more);
    into.unknown = reader.unknown_columns();
    into.suspicious = reader.suspicious_columns();
    into.notes = reader.notes();
}

inline reading read_text(const std::string& content, std::string_view name, const read_settings& settings = {},
                         std::size_t piece = 1 << 20) {
    reading got;
    base::result<file_reader> reader = open_text(content, name, settings, piece);
    if (!reader) {
        got.refused = reader.error().message;
    } else {
        read_on(*reader, got);
    }
    return got;
}

// Everything that a row says, to compare two readings.
inline std::string describe(const row& r) {
    const consent::change& c = r.change;
    return std::to_string(r.number) + "|" + std::to_string(r.offset) + "+" + std::to_string(r.length) + "|" +
           std::string(c.subscriber.view()) + "|" + std::to_string(c.subscription) + "|" +
           std::string(consent::name(c.state)) + "|" + (c.basis ? std::string(consent::name(*c.basis)) : "-") + "|" +
           std::string(c.explanation ? c.explanation->view() : "-") + "|" + (r.basis_dropped ? "dropped" : "") + "|" +
           std::to_string(r.change_id) + "|" + (r.fault ? r.fault->category + ": " + r.fault->message : "");
}

inline std::vector<std::string> describe(const std::vector<row>& rows) {
    std::vector<std::string> lines;
    for (const row& r : rows) lines.push_back(describe(r));
    return lines;
}

// Settings under which an address and a state are enough.
inline read_settings with_subscription(std::int64_t id = 7) {
    read_settings settings;
    settings.defaults.subscription = id;
    return settings;
}

}  // namespace consent_sync::intake
