#include "report/failed_row_text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "consent/key.hpp"
#include "intake/columns.hpp"
#include "intake/json_record.hpp"
#include "intake/text.hpp"
#include "report/text.hpp"

namespace consent_sync::report {
namespace {

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

// NOT_SPECIFIED of a row that was refused here may as well be a state that could not be read: then its owner
// has to say it.
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

// Puts members behind those of an object, of which `text` is the text.
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
        // A line end between two members of a JSON file; inside a JSON string there is none.
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

}  // namespace

std::unique_ptr<failed_row_text> text_of_input(intake::raw_row_reader input) {
    if (input.rows() == intake::layout::csv) return std::make_unique<csv_of_input>(std::move(input));
    return std::make_unique<json_of_input>(std::move(input));
}

std::unique_ptr<failed_row_text> text_of_ledger(intake::layout layout) {
    if (layout == intake::layout::csv) return std::make_unique<csv_of_ledger>();
    return std::make_unique<json_of_ledger>();
}

}  // namespace consent_sync::report
