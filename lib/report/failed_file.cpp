#include "report/failed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "intake/columns.hpp"

namespace consent_sync::report {
namespace {

namespace json = boost::json;

constexpr std::size_t buffer_bytes = 1 << 18;

std::string quoted(const std::string& field, char delimiter) {
    if (field.find_first_of(std::string("\"\r\n") + delimiter) == std::string::npos && !field.starts_with(' ') &&
        !field.ends_with(' '))
        return field;
    std::string out = "\"";
    for (const char c : field) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

std::string csv_line(const std::vector<std::string>& fields, char delimiter) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) line += delimiter;
        line += quoted(fields[i], delimiter);
    }
    return line + "\r\n";
}

const std::vector<std::string> api_columns{"subscriberIdString", "subscriptionId", "channel",
                                           "statusState",        "legalBasis",     "legalBasisExplanation"};
const std::vector<std::string> added_columns{"change_id", "verdict", "category", "message", "correlation_id"};

std::vector<std::string> api_fields(const consent::change& c) {
    return {c.subscriber,
            c.subscription > 0 ? std::to_string(c.subscription) : "",
            std::string(name(c.channel)),
            std::string(name(c.state)),
            c.basis ? std::string(name(*c.basis)) : "",
            c.explanation.value_or("")};
}

// What the ledger knows of a row, under the columns of its file.
std::vector<std::string> known_fields(const std::vector<std::string>& header, const consent::change& c) {
    using intake::field;
    const auto api = api_fields(c);
    std::vector<std::string> fields(header.size());
    for (std::size_t i = 0; i < header.size(); ++i) switch (intake::find_field(header[i])) {
            case field::subscriber: fields[i] = api[0]; break;
            case field::subscription: fields[i] = api[1]; break;
            case field::channel: fields[i] = api[2]; break;
            case field::state: fields[i] = api[3]; break;
            case field::basis: fields[i] = api[4]; break;
            case field::explanation: fields[i] = api[5]; break;
            default: break;
        }
    return fields;
}

std::vector<std::string> added_fields(const ledger::failed_row& row) {
    return {std::to_string(row.change.id.id()), std::string(name(row.verdict)), row.why.category, row.why.message,
            row.why.correlation_id};
}

}  // namespace

struct failed_file::implementation {
    std::string folder;
    std::string name;
    base::unique_fd out;
    std::string buffer;
    std::optional<intake::raw_row_reader> input;
    bool csv = true;
    bool changed = false;

    std::string unfinished() const { return base::join_path(folder, "." + name + ".tmp"); }

    base::result<void> flush() {
        std::string_view left = buffer;
        while (!left.empty()) {
            const ssize_t written = ::write(out.get(), left.data(), left.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return base::system_error("cannot write", unfinished(), errno);
            left.remove_prefix(static_cast<std::size_t>(written));
        }
        buffer.clear();
        return {};
    }

    // The row as it was dropped; nothing if it is not there any more.
    std::optional<intake::raw_row> raw(const ledger::failed_row& row) {
        if (!input) return std::nullopt;
        auto found = input->at(row.offset);
        if (found) return std::move(*found);
        changed = true;
        return std::nullopt;
    }

    void add_csv(const ledger::failed_row& row) {
        std::vector<std::string> fields;
        char delimiter = ',';
        if (input) {
            delimiter = input->delimiter();
            if (auto original = raw(row)) {
                fields = std::move(original->fields);
                const auto at = input->subscription_column();
                if (at && fields[*at].empty() && row.change.subscription > 0)
                    fields[*at] = std::to_string(row.change.subscription);
            } else {
                fields = known_fields(input->header(), row.change);
            }
        } else {
            fields = api_fields(row.change);
        }
        for (std::string& field : added_fields(row)) fields.push_back(std::move(field));
        buffer += csv_line(fields, delimiter);
    }

    void add_json(const ledger::failed_row& row) {
        json::object object;
        if (auto original = raw(row)) {
            boost::system::error_code ec;
            json::value parsed = json::parse(original->text, ec);
            if (!ec && parsed.is_object()) object = std::move(parsed.as_object());
        }
        if (object.empty()) {
            const auto fields = api_fields(row.change);
            for (std::size_t i = 0; i < fields.size(); ++i)
                if (!fields[i].empty()) object[api_columns[i]] = fields[i];
        }
        const auto added = added_fields(row);
        for (std::size_t i = 0; i < added.size(); ++i) object[added_columns[i]] = added[i];
        buffer += json::serialize(object) + "\n";
    }
};

failed_file::failed_file(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
failed_file::failed_file(failed_file&&) noexcept = default;
failed_file& failed_file::operator=(failed_file&&) noexcept = default;
failed_file::~failed_file() = default;

base::result<failed_file> failed_file::begin(const std::string& folder, const std::string& input,
                                             const std::string& input_name, std::uint64_t bytes_max) {
    auto impl = std::make_unique<implementation>();
    impl->folder = folder;
    auto reader = intake::raw_row_reader::open(input, input_name, bytes_max);
    if (reader)
        impl->input.emplace(std::move(*reader));
    else
        impl->changed = true;
    impl->csv = !impl->input || impl->input->rows() == intake::layout::csv;
    impl->name = impl->csv ? "failed.csv" : "failed.ndjson";
    impl->out.reset(::open(impl->unfinished().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!impl->out) return base::system_error("cannot create", impl->unfinished(), errno);
    if (impl->csv) {
        std::vector<std::string> header = impl->input ? impl->input->header() : api_columns;
        header.insert(header.end(), added_columns.begin(), added_columns.end());
        impl->buffer = csv_line(header, impl->input ? impl->input->delimiter() : ',');
    }
    return failed_file(std::move(impl));
}

base::result<void> failed_file::add(const std::vector<ledger::failed_row>& rows) {
    for (const ledger::failed_row& row : rows) {
        if (impl_->csv)
            impl_->add_csv(row);
        else
            impl_->add_json(row);
        if (impl_->buffer.size() < buffer_bytes) continue;
        const auto flushed = impl_->flush();
        if (!flushed) return flushed;
    }
    return {};
}

base::result<void> failed_file::finish() {
    const auto flushed = impl_->flush();
    if (!flushed) return flushed;
    if (::fsync(impl_->out.get()) != 0) return base::system_error("cannot sync", impl_->unfinished(), errno);
    const std::string final_name = base::join_path(impl_->folder, impl_->name);
    if (::rename(impl_->unfinished().c_str(), final_name.c_str()) != 0)
        return base::system_error("cannot rename", impl_->unfinished(), errno);
    return base::sync_folder(impl_->folder);
}

bool failed_file::input_changed() const { return impl_->changed; }

}  // namespace consent_sync::report
