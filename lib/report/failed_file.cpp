#include "report/failed_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <string>
#include <string_view>
#include <memory>
#include <vector>

#include "consent/key.hpp"
#include "intake/columns.hpp"
#include "intake/json_record.hpp"
#include "intake/values.hpp"
#include "report/text.hpp"
#include "base/result.hpp"
#include "intake/format.hpp"
#include "intake/raw_row_reader.hpp"
#include "ledger/report_queries.hpp"
#include "report/output_file.hpp"

namespace consent_sync::report {
namespace {

// ---- One row.

// A failed row as text: the row as it was dropped, then our columns. The row comes from the dropped file while it is
// still there, otherwise from the ledger. The row at the stored offset is used only if it has the address that the
// ledger has, because a change_id must never stand beside another person's address.
class failed_row_text {
  public:
    virtual ~failed_row_text() = default;
    virtual std::string_view extension() const = 0;  // "csv", "ndjson"
    virtual std::string header() const = 0;          // with its line end; may be empty
    // Rows come in ascending order. Error: the file does not contain this row any more, or cannot be read.
    virtual base::result<void> append(std::string& out, const ledger::ended_row& row) = 0;
};

namespace json = boost::json;
using intake::field;
using ledger::ended_row;

constexpr std::array<std::string_view, 5> added_names{"change_id", "verdict", "category", "message", "correlation_id"};
constexpr std::array<field, 6> ledger_fields{field::subscriber, field::subscription, field::channel,
                                             field::state,      field::basis,        field::explanation};

std::array<std::string, 5> added_values(const ended_row& row) {
    return {std::to_string(row.change.id.id()), std::string(consent::name(row.verdict)), row.reason.category,
            row.reason.message, row.reason.correlation_id};
}

// NOT_SPECIFIED in an invalid row may also be a state that could not be read. Then the owner has to fill it in.
std::string state_of(const ended_row& row) {
    const bool unsure =
        row.verdict == consent::verdict::invalid && row.change.state == consent::status_state::not_specified;
    return unsure ? std::string() : std::string(consent::name(row.change.state));
}

std::string subscription_of(const ended_row& row) {
    return row.change.subscription == 0 ? std::string() : std::to_string(row.change.subscription);
}

std::string ledger_value(field of, const ended_row& row) {
    const consent::change& c = row.change;
    switch (of) {
        case field::subscriber: return std::string(c.subscriber.view());
        case field::subscription: return subscription_of(row);
        case field::channel: return std::string(consent::name(c.channel));
        case field::state: return state_of(row);
        case field::basis: return c.basis ? std::string(consent::name(*c.basis)) : std::string();
        default: return std::string(c.explanation ? c.explanation->view() : "");
    }
}

base::error somebody_else(const ended_row& row) {
    return base::error{base::errc::corrupt, "row " + std::to_string(row.change.id.row()) +
                                                " of the file is another one than was read; it was changed after it "
                                                "was read"};
}

bool is_same_subscriber(std::string_view found, const ended_row& row) {
    return row.change.subscriber.empty() || intake::without_marks(found) == row.change.subscriber;
}

void append_csv_line(std::string& out, const std::vector<std::string>& fields, char delimiter) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) out += delimiter;
        append_csv_field(out, fields[i]);
    }
    out += "\r\n";
}

class csv_of_input final : public failed_row_text {
  public:
    explicit csv_of_input(intake::raw_row_reader input)
        : input_(std::move(input)),
          subscriber_(input_.subscriber_column()),
          subscription_(input_.subscription_column()) {}

    std::string_view extension() const override { return "csv"; }

    std::string header() const override {
        std::vector<std::string> names = input_.header();
        if (!subscription_) names.emplace_back(intake::name(field::subscription));
        names.insert(names.end(), added_names.begin(), added_names.end());
        std::string out;
        append_csv_line(out, names, input_.delimiter());
        return out;
    }

    base::result<void> append(std::string& out, const ended_row& row) override {
        auto raw = input_.at(row.offset);
        if (!raw) return raw.error();
        std::vector<std::string>& fields = raw->fields;
        if (!subscriber_ || *subscriber_ >= fields.size() || !is_same_subscriber(fields[*subscriber_], row))
            return somebody_else(row);
        if (!subscription_)
            fields.push_back(subscription_of(row));
        else if (intake::without_marks(fields.at(*subscription_)).empty())
            fields[*subscription_] = subscription_of(row);
        for (std::string& value : added_values(row)) fields.push_back(std::move(value));
        append_csv_line(out, fields, input_.delimiter());
        return {};
    }

  private:
    intake::raw_row_reader input_;
    std::optional<std::size_t> subscriber_;
    std::optional<std::size_t> subscription_;
};

class csv_of_ledger final : public failed_row_text {
  public:
    std::string_view extension() const override { return "csv"; }

    std::string header() const override {
        std::vector<std::string> names;
        for (const field f : ledger_fields) names.emplace_back(intake::name(f));
        names.insert(names.end(), added_names.begin(), added_names.end());
        std::string out;
        append_csv_line(out, names, ',');
        return out;
    }

    base::result<void> append(std::string& out, const ended_row& row) override {
        std::vector<std::string> fields;
        for (const field f : ledger_fields) fields.push_back(ledger_value(f, row));
        for (std::string& value : added_values(row)) fields.push_back(std::move(value));
        append_csv_line(out, fields, ',');
        return {};
    }
};

// Appends members to the JSON object `text`.
void append_members(std::string& text, const ended_row& row, bool with_subscription) {
    text.pop_back();  // the closing bracket
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
    const auto add = [&text](std::string_view name, const std::string& value) {
        if (!text.ends_with('{')) text += ',';
        text.append("\"").append(name).append("\":").append(value);
    };
    if (with_subscription) add(intake::name(field::subscription), subscription_of(row));
    const auto values = added_values(row);
    for (std::size_t i = 0; i < values.size(); ++i)
        add(added_names[i], values[i].empty() ? "null" : json::serialize(json_text(values[i])));
}

class json_of_input final : public failed_row_text {
  public:
    explicit json_of_input(intake::raw_row_reader input) : input_(std::move(input)), parser_(input_.columns()) {}

    std::string_view extension() const override { return "ndjson"; }
    std::string header() const override { return {}; }

    base::result<void> append(std::string& out, const ended_row& row) override {
        auto raw = input_.at(row.offset);
        if (!raw) return raw.error();
        std::string& text = raw->text;
        if (parser_.parse(text, record_) || !text.ends_with('}')) return somebody_else(row);
        if (!is_same_subscriber(record_.text(record_[field::subscriber]), row)) return somebody_else(row);
        // A line end between two members. A JSON string cannot contain one.
        std::replace_if(
            text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
        const intake::value& subscription = record_[field::subscription];
        const bool absent = subscription.kind == intake::value_kind::absent;
        if (row.change.subscription != 0 && !absent && is_empty(subscription)) set_subscription(text, row);
        append_members(text, row, absent && row.change.subscription != 0);
        out += text;
        out += "}\n";
        return {};
    }

  private:
    bool is_empty(const intake::value& v) const {
        return v.kind == intake::value_kind::text && intake::without_marks(record_.text(v)).empty();
    }

    // The member is there, but null or empty.
    void set_subscription(std::string& text, const ended_row& row) const {
        boost::system::error_code broken;
        json::value object = json::parse(text, broken);
        if (broken || !object.is_object()) return;
        for (auto& member : object.get_object())
            if (input_.columns().find(member.key()) == field::subscription) member.value() = row.change.subscription;
        text = json::serialize(object);
    }

    intake::raw_row_reader input_;
    intake::json_record_parser parser_;
    intake::record record_;
};

class json_of_ledger final : public failed_row_text {
  public:
    std::string_view extension() const override { return "ndjson"; }
    std::string header() const override { return {}; }

    base::result<void> append(std::string& out, const ended_row& row) override {
        json::object object;
        for (const field f : ledger_fields) object[intake::name(f)] = json_text_or_null(ledger_value(f, row));
        if (row.change.subscription != 0) object[intake::name(field::subscription)] = row.change.subscription;
        std::string text = json::serialize(object);
        append_members(text, row, false);
        out += text;
        out += "}\n";
        return {};
    }
};

// The columns or members as they are in the dropped file. A row that was expanded to several subscriptions gets the one
// that it was sent for.
std::unique_ptr<failed_row_text> text_of_input(intake::raw_row_reader input) {
    if (input.rows() == intake::layout::csv) return std::make_unique<csv_of_input>(std::move(input));
    return std::make_unique<json_of_input>(std::move(input));
}

// The row as the ledger has it. A value that could not be read when the row was refused is empty.
std::unique_ptr<failed_row_text> text_of_ledger(intake::layout layout) {
    if (layout == intake::layout::csv) return std::make_unique<csv_of_ledger>();
    return std::make_unique<json_of_ledger>();
}

// ---- All of them.

constexpr std::size_t page_rows = 2'000;

// What one pass over the rows came to.
struct pass {
    std::uint64_t rows = 0;
    std::string input_fault;  // the pass ended here: a row could not be taken from the dropped file
};

base::result<pass> write_rows(ledger::report_reader& ledger, consent::arrival_number arrival, failed_row_text& text,
                              const std::string& path) {
    auto file = output_file::create(path);
    if (!file) return file.error();
    file->text() += text.header();
    pass done;
    std::uint64_t after = 0;
    for (;;) {
        std::vector<ledger::ended_row> page;
        const auto read = ledger.run([&](ledger::report_queries& queries) {
            page = queries.failed_rows(arrival, after, malformed_category, page_rows);
        });
        if (!read) return read.error();
        for (const ledger::ended_row& row : page) {
            if (const auto appended = text.append(file->text(), row); !appended) {
                done.input_fault = appended.error().message;
                return done;
            }
            if (const auto flushed = file->flush_if_full(); !flushed) return flushed.error();
        }
        done.rows += page.size();
        if (page.size() < page_rows) break;
        after = page.back().change.id.row();
    }
    if (const auto closed = file->close(); !closed) return closed.error();
    return done;
}

intake::layout layout_of(const ledger::file_record& file) {
    const auto format = intake::parse_format(file.name);
    return format ? format->rows : intake::layout::csv;
}

}  // namespace

base::result<failed_file> write_failed_file(ledger::report_reader& ledger, const ledger::file_record& file,
                                            const open_input& input, const std::string& folder) {
    failed_file out;
    if (auto opened = input(file)) {
        const auto text = text_of_input(std::move(*opened));
        out.name = std::string("failed.").append(text->extension());
        const std::string path = base::join_path(folder, out.name);
        const auto written = write_rows(ledger, file.arrival, *text, path);
        if (!written) return written.error();
        out.rows = written->rows;
        out.input_fault = written->input_fault;
        if (out.input_fault.empty()) return out;
        if (::unlink(path.c_str()) != 0) return base::system_error("remove", path, errno);
    } else {
        out.input_fault = opened.error().message;
    }
    const auto text = text_of_ledger(layout_of(file));
    out.name = std::string("failed.").append(text->extension());
    const auto written = write_rows(ledger, file.arrival, *text, base::join_path(folder, out.name));
    if (!written) return written.error();
    out.rows = written->rows;
    return out;
}

}  // namespace consent_sync::report
