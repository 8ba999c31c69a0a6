#include "intake/csv_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char header[] = "email,status,subscription_id,legal_basis_explanation\n";

std::vector<std::string> fields(const std::string& row, char delimiter) {
    window bytes(std::make_unique<memory_source>(row, 1 << 20));
    csv_scanner scanner(bytes);
    scanner.set_delimiter(delimiter);
    const auto scanned = scanner.scan();
    EXPECT_TRUE(scanned && scanned->found == csv_row::kind::row) << row;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < scanner.field_count(); ++i) all.emplace_back(scanner.field(i));
    return all;
}

reading read_csv(const std::string& content, std::size_t piece = 1 << 20) {
    return read_text(content, "drop.csv", {}, piece);
}

TEST(CsvReader, ReadsWhatExcelWrites) {
    const reading got = read_csv(
        "\xEF\xBB\xBF"
        "E-Mail;Status;Subscription ID;Legal Basis\r\n"
        "jürgen@müller.de;opt-out;63722844;\r\n"
        "ann@example.com;Yes;63722844;consent with notice\r\n");
    ASSERT_TRUE(got.whole()) << got.refused;
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got[0].change.subscriber, "jürgen@müller.de");
    EXPECT_EQ(got[0].change.state, consent::status_state::unsubscribed);
    EXPECT_EQ(got[0].change.subscription, 63722844);
    EXPECT_FALSE(got[0].change.basis);
    EXPECT_EQ(got[1].change.basis, consent::legal_basis::consent_with_notice);
    EXPECT_EQ(got[0].offset, 3U + 43U);
    EXPECT_EQ(got[0].length, 36U);
    EXPECT_EQ(got[1].offset, got[0].offset + got[0].length + 2);
}

TEST(CsvReader, FindsTheDelimiterByTheColumnsItGives) {
    for (const std::string line :
         {"email,status,subscriptionId", "email;status;subscriptionId", "email\tstatus\tsubscriptionId",
          "email;status;subscriptionId;\"notes, more, more\""})
        EXPECT_TRUE(read_csv(line + "\n").whole()) << line;
    const reading tabs = read_csv("email\tstatus\tnote\tsubscriptionId\na@b.com\tyes\t\t7\n");
    ASSERT_EQ(tabs.rows.size(), 1U);
    EXPECT_EQ(tabs.fault(0), "");
    EXPECT_EQ(tabs[0].change.subscription, 7);
}

TEST(CsvReader, KeepsQuotedNewlinesDelimitersAndQuotes) {
    const reading got = read_csv(std::string(header) +
                                 "a@b.com,yes,1,\"first line\r\nsecond, with \"\"quotes\"\"\"\n"
                                 "\"c@d.com\",\"no\",\"2\",\"\"\n");
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got[0].change.explanation, "first line\r\nsecond, with \"quotes\"");
    EXPECT_EQ(got[0].length, 51U);
    EXPECT_EQ(got[1].offset, got[0].offset + 52);
    EXPECT_FALSE(got[1].change.explanation);
}

// Only a row with a quote is given to libcsv.
TEST(CsvReader, ARowWithoutAQuoteHasTheFieldsThatLibcsvFinds) {
    const std::string bytes(" \t,;xy\0\xC3@", 9);
    std::minstd_rand random(1);
    for (int i = 0; i < 3'000; ++i) {
        std::string row;
        for (auto size = random() % 12; size > 0; --size) row += bytes[random() % bytes.size()];
        for (const char delimiter : {',', ';', '\t'})
            for (const std::string end : {"", "\n", "\r\n"})
                EXPECT_EQ(fields(row + delimiter + "q" + end, delimiter),
                          fields(row + delimiter + "\"q\"" + end, delimiter))
                    << row;
    }
}

TEST(CsvReader, AcceptsEveryLineEndAndALastLineWithoutOne) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const reading got = read_csv("email,status,subscription" + end + "a@b.com,yes,1" + end + end + "c@d.com,no,2");
        ASSERT_EQ(got.rows.size(), 2U);
        EXPECT_TRUE(got.whole());
        EXPECT_EQ(got[1].change.subscriber, "c@d.com");
        EXPECT_EQ(got[1].number, 2U);
        EXPECT_EQ(got[1].length, 12U);
        EXPECT_EQ(got[0].length, 13U);
    }
}

TEST(CsvReader, PassesLinesWithoutAValue) {
    const reading got = read_csv("email;status;subscription\n\n;;\n  \na@b.com;yes;1\n;;\n;;\n");
    ASSERT_EQ(got.rows.size(), 1U);
    EXPECT_TRUE(got.whole());
    EXPECT_EQ(got[0].number, 1U);
}

TEST(CsvReader, AnEmptyFileAndAHeaderAloneHaveNoRows) {
    for (const std::string content : {"", "\n\n", "  \r\n", "\xEF\xBB\xBF", "email,status", "email,status\r\n"}) {
        const reading got = read_csv(content);
        EXPECT_TRUE(got.whole()) << got.refused;
        EXPECT_TRUE(got.rows.empty());
    }
}

TEST(CsvReader, TellsHowManyFieldsWereExpected) {
    const reading got = read_csv(std::string(header) + "a@b.com,yes\nc@d.com,no,1,,more\ne@f.com,no,1,\n");
    ASSERT_EQ(got.rows.size(), 3U);
    EXPECT_EQ(got.fault(0), "malformed");
    EXPECT_THAT(got.message(0), HasSubstr("line 2, bytes 53 to 64: the row has 2 fields, the header has 4"));
    EXPECT_THAT(got.message(1), HasSubstr("line 3, bytes 65 to 83: the row has 5 fields, the header has 4"));
    EXPECT_EQ(got.fault(2), "");
}

TEST(CsvReader, AStrayQuoteCostsOneRow) {
    for (const std::string bad : {"x\"y@b.com,yes,1,z", "\"x\"y@b.com,yes,1,z", "x@b.com,yes,1,\"open"}) {
        const reading got =
            read_csv(std::string(header) + "a@b.com,yes,1,z\n" + bad + "\nc@d.com,no,1,z\ne@f.com,no,1,\"z\"\n");
        ASSERT_EQ(got.rows.size(), 4U) << bad;
        EXPECT_TRUE(got.whole());
        EXPECT_EQ(got.fault(1), "malformed");
        EXPECT_THAT(got.message(1), HasSubstr("line 3, bytes 69 to " + std::to_string(69 + bad.size()) + ": "));
        EXPECT_EQ(got[1].length, bad.size());
        for (const std::size_t good : {0, 2, 3}) EXPECT_EQ(got.fault(good), "") << got.message(good);
        EXPECT_EQ(got[3].change.subscriber, "e@f.com");
        EXPECT_EQ(got[3].number, 4U);
    }
}

TEST(CsvReader, NamesAQuoteThatIsNeverClosed) {
    const reading got = read_csv(std::string(header) + "a@b.com,yes,1,z\nc@d.com,no,1,\"open");
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_TRUE(got.whole());
    EXPECT_EQ(got.fault(0), "");
    EXPECT_THAT(got.message(1), HasSubstr("line 3, bytes 69 to 87: a quote is opened and never closed"));
}

TEST(CsvReader, ALongRowIsMalformedAndReadingGoesOn) {
    const std::string start = std::string(header) + "a@b.com,yes,1,";
    const std::string after = "\nc@d.com,no,1,\n";
    const std::size_t room = row_bytes_max - 14;
    for (const auto& [size, fits] : {std::pair{room - 1, true}, {room, true}, {room + 1, false}, {3 * room, false}}) {
        const reading got = read_csv(start + std::string(size, 'x') + after);
        ASSERT_EQ(got.rows.size(), 2U);
        EXPECT_EQ(got.fault(0), fits ? "invalid_explanation" : "malformed");
        EXPECT_EQ(got[0].length, 14 + size);
        EXPECT_EQ(got.fault(1), "");
    }
}

// An open quote does not swallow a mebibyte of good rows.
TEST(CsvReader, RowsBehindAnOpenQuoteAreRead) {
    std::string content = std::string(header) + "bad@b.com,yes,1,\"open\n";
    for (int i = 0; i < 100'000; ++i) content += "a" + std::to_string(i) + "@b.com,no,1,\n";
    const reading got = read_csv(content);
    ASSERT_EQ(got.rows.size(), 100'001U);
    EXPECT_EQ(got.fault(0), "malformed");
    EXPECT_EQ(got.fault(1), "");
    EXPECT_EQ(got.fault(100'000), "");
}

TEST(CsvReader, GivesTheSameRowsInPiecesOfAnySize) {
    const std::string content =
        "\xEF\xBB\xBF" + std::string(header) +
        "a@b.com,yes,1,\"x\r\ny\"\"z\"\r\n\r\nbro\"ken,,,\n;;\n,,,\n\"ü@ü.de\",no,2,\nc@d.com,no\r"
        "d@d.com,no,3,\"never closed\nq,q,q,q";
    const reading expected = read_csv(content);
    ASSERT_EQ(expected.rows.size(), 7U);
    for (std::size_t piece = 1; piece < content.size(); ++piece)
        EXPECT_EQ(describe(read_csv(content, piece).rows), describe(expected.rows)) << piece;
}

TEST(CsvReader, IgnoresUnknownColumnsAndNamesThemOnce) {
    const reading got =
        read_csv("email,First Name,status,notes,subscription,notes,verdict,category,message,correlation_id,x@y.com\n");
    ASSERT_TRUE(got.whole()) << got.refused;
    EXPECT_THAT(got.unknown,
                ElementsAre("First Name", "notes", "(hidden)", "verdict", "category", "message", "correlation_id"))
        << "only a failed file, which has change_ids, may have those";
}

TEST(CsvReader, RefusesAHeaderThatDoesNotNameTheAddress) {
    EXPECT_THAT(read_csv("name,status\nx,yes\n").refused, HasSubstr("known are: status; unknown: 1"));
    // The reason is logged, and the first row of a file without a header is about a person.
    const std::string words = read_csv("ann.one.example,Ann,One,yes\nbob,Bob,Two,no\n").refused;
    EXPECT_THAT(words, HasSubstr("none of its 4 columns has a name that is known"));
    EXPECT_EQ(words.find("Ann"), std::string::npos);
    const std::string no_header = read_csv("ann@example.com,yes,1\n").refused;
    EXPECT_THAT(no_header, HasSubstr("no header"));
    EXPECT_THAT(no_header, Not(HasSubstr("ann")));
}

TEST(CsvReader, RefusesTwoColumnsOfOneMeaning) {
    EXPECT_THAT(read_csv("email,status,Consent\n").refused,
                HasSubstr("\"status\" and \"Consent\" both mean statusState"));
    EXPECT_THAT(read_csv("email,subscriberIdString,status\n").refused, HasSubstr("both mean subscriberIdString"));
}

TEST(CsvReader, NeverReadsAnOptOutColumnAsConsent) {
    read_settings settings = with_subscription();
    settings.defaults.state = consent::status_state::subscribed;
    const std::string rows = "email,opt_out\na@b.com,yes\n";
    EXPECT_THAT(read_text(rows, "x.csv", settings).refused, HasSubstr("\"opt_out\""));
    const reading beside = read_text("email,opt_out,status\na@b.com,yes,no\n", "x.csv", settings);
    ASSERT_TRUE(beside.whole());
    EXPECT_EQ(beside[0].change.state, consent::status_state::unsubscribed);
    EXPECT_THAT(beside.unknown, ElementsAre("opt_out"));
}

TEST(CsvReader, ReadsAFailedFileAgain) {
    const reading got = read_csv(
        "email,status,subscription_id,change_id,verdict,category,message,correlation_id\n"
        "a@b.com,yes,1,4294967297,rejected,VALIDATION_ERROR,\"no, thanks\",abc\n");
    ASSERT_EQ(got.rows.size(), 1U);
    EXPECT_EQ(got.fault(0), "");
    EXPECT_EQ(got[0].change_id, 4294967297);
    EXPECT_TRUE(got.unknown.empty());
}

}  // namespace
}  // namespace consent_sync::intake
