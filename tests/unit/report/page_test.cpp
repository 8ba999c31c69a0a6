#include "report/page.hpp"

#include <gmock/gmock.h>

#include "report/advice.hpp"
#include "report/page_style.hpp"
#include "unit/report/ledger_on_disk.hpp"

namespace consent_sync::report {
namespace {

using consent::place;
using consent::verdict;
using testing::HasSubstr;
using testing::Not;

const std::string evil = "<script>alert(1)</script>\"'&\xe2\x80\xae";

class Page : public testing::Test {
  protected:
    // Drops a file, gives its rows verdicts, and returns the page.
    std::string page_of(const std::string& name, const std::string& csv,
                        const std::vector<ledger::settled_change>& ends) {
        ledger_on_disk d;
        const auto file = d.drop(name, "email,subscription_id,status\n" + csv);
        std::vector<place> places;
        for (const auto& each : ends) places.push_back(each.id);
        if (!ends.empty()) d.attempt(places, ends);
        d.confirm_rest(file);
        auto writer = d.make_writer();
        const auto written = d.write_files(*writer);
        EXPECT_TRUE(written.failed.empty());
        if (written.finished.empty() || written.finished[0].folder.empty()) return {};
        return d.folder.read("reports/" + written.finished[0].folder + "/report.html");
    }
    static ledger::settled_change rejected(std::uint64_t row, const std::string& category, const std::string& message) {
        return ledger_on_disk::failed(place(1, row), verdict::rejected, {category, message, "corr-7", {}});
    }
};

TEST_F(Page, TellsVerdictsReasonsAndWhatToDo) {
    const std::string page = page_of("list.csv", "a@x.org,7,yes\nb@x.org,7,yes\nnobody,7,yes\n",
                                     {rejected(2, "VALIDATION_ERROR", "no such mailbox")});
    EXPECT_THAT(page, HasSubstr("2 of 3 changes failed."));
    EXPECT_THAT(page, HasSubstr("no such mailbox"));
    EXPECT_THAT(page, HasSubstr(html_text(advice(verdict::rejected, "VALIDATION_ERROR"))));
    EXPECT_THAT(page, HasSubstr(html_text(advice(verdict::invalid, "invalid_address"))));
    EXPECT_THAT(page, HasSubstr("b@x.org"));
    EXPECT_THAT(page, HasSubstr("corr-7"));
    EXPECT_THAT(page, HasSubstr("href=\"failed.csv\""));
    EXPECT_THAT(page, HasSubstr("<h2>Pace</h2>"));
    EXPECT_THAT(page, HasSubstr("33.3 %"));
}

TEST_F(Page, EscapesWhateverComesFromOutside) {
    const std::string page = page_of(evil + ".csv", "a@x.org,7,yes\n", {rejected(1, evil, evil)});
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
}

TEST_F(Page, LoadsNothingAndRunsNothing) {
    const std::string page =
        page_of("list.csv", "a@x.org,7,yes\n", {rejected(1, "X", "see https://evil.example/x.js")});
    EXPECT_THAT(page, HasSubstr("default-src 'none'; style-src '" + page_style_hash() + "'"));
    for (const char* loads : {"<script", " src=", "url(", "@import", "<link", "<iframe", " style=", " onload",
                              "javascript:", "href=\"http"})
        EXPECT_THAT(page, Not(HasSubstr(loads))) << loads;
}

TEST_F(Page, AFileWithoutAFailureSaysSo) {
    std::string csv;
    for (int i = 0; i < 150; ++i) csv += "p" + std::to_string(i) + "@x.org,7,yes\n";
    const std::string page = page_of("list.csv", csv, {});
    EXPECT_THAT(page, HasSubstr("none failed"));
    EXPECT_THAT(page, Not(HasSubstr("What to do")));
    EXPECT_THAT(page, Not(HasSubstr("p0@x.org")));
}

TEST(PageStyle, HashIsThatOfTheStyle) {
    // printf %s "$style" | openssl dgst -sha256 -binary | base64 has this form.
    EXPECT_EQ(page_style_hash().size(), 7u + 44u);
    EXPECT_EQ(page_style_hash(), page_style_hash());
}

timeline of_first_file(std::initializer_list<ledger::attempt_record> attempts) {
    std::vector<timeline_attempt> kept;
    for (const ledger::attempt_record& attempt : attempts)
        if (const auto a = to_timeline(attempt, 1)) kept.push_back(*a);
    return make_timeline(kept);
}

TEST(Timeline, CountsSettledChangesOfTheFileAndFailedAttempts) {
    ledger::attempt_record good, timeout, open;
    good.begun_at = noon;
    good.ended_at = noon + std::chrono::milliseconds(250);
    good.end_number = 1;
    good.changes = "1:1-100;2:5";
    good.unsettled = "1:100";
    timeout = good;
    timeout.begun_at = noon + std::chrono::seconds(50);
    timeout.ended_at = noon + std::chrono::seconds(60);
    timeout.changes = timeout.unsettled = "1:101-200";
    open = good;
    open.end_number = 0;
    const timeline t = of_first_file({good, timeout, open});
    ASSERT_EQ(t.pieces.size(), timeline_pieces);
    EXPECT_EQ(t.piece, base::milliseconds(1'000));
    EXPECT_EQ(t.pieces[0].settled, 99u);
    EXPECT_EQ(t.failed(), 1u);
    EXPECT_EQ(t.pieces[59].failed, 1u);
    EXPECT_DOUBLE_EQ(t.most_per_second(), 99);
    EXPECT_TRUE(of_first_file({open}).pieces.empty());
    // What took less than a second is no pace of thousands a second.
    EXPECT_EQ(of_first_file({good}).pieces.size(), 1u);
    EXPECT_DOUBLE_EQ(of_first_file({good}).most_per_second(), 99);
    ledger::attempt_record late = good;
    late.ended_at = noon + std::chrono::seconds(3'601);
    const timeline hour = of_first_file({good, late});
    EXPECT_EQ(hour.piece, base::milliseconds(61'000));
    EXPECT_EQ(hour.pieces.size(), 60u);
    EXPECT_EQ(hour.pieces.back().settled, 99u);
}

}  // namespace
}  // namespace consent_sync::report
