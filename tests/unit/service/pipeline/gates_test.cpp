#include "service/pipeline/gates.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace consent_sync::service {
namespace {

// "b3": begin to read file 3, "e3": end, "c3": close its gate. Then which gates open, in order.
std::string opens(const std::vector<std::string>& steps) {
    gates all;
    for (const std::string& step : steps) {
        const auto file = static_cast<consent::arrival_number>(step[1] - '0');
        if (step[0] == 'b') all.begin(file);
        if (step[0] == 'e') all.end(file);
        if (step[0] == 'c') all.close(file, consent::place(file, 1));
    }
    std::string order;
    while (const auto next = all.open_next()) {
        EXPECT_EQ(next->first, consent::place(next->file, 1));
        EXPECT_FALSE(all.is_closed(next->file));
        order += std::to_string(next->file);
    }
    return order;
}

TEST(Gates, OpenInOrderWhenTheirFileAndAllOlderOnesAreRead) {
    struct table_row {
        const char* what;
        std::vector<std::string> steps;
        std::string opened;
    };
    const std::vector<table_row> rows = {
        {"nothing waits", {"b1", "e1"}, ""},
        {"all is read", {"c2"}, "2"},
        {"it is being read", {"b2", "c2"}, ""},
        {"it is read", {"b2", "c2", "e2"}, "2"},
        {"an older one is being read", {"b1", "b2", "c2", "e2"}, ""},
        {"a newer one is being read", {"b2", "c2", "e2", "b3"}, "2"},
        {"two, the older first", {"c3", "c2"}, "23"},
        {"the older one waits for itself", {"b2", "c2", "c3"}, ""},
        {"one in between is being read", {"c2", "b3", "c4"}, "2"},
    };
    for (const table_row& row : rows) EXPECT_EQ(opens(row.steps), row.opened) << row.what;
}

TEST(Gates, AGateKeepsTheFirstRowThatWaited) {
    gates all;
    all.close(5, consent::place(5, 7));
    all.close(5, consent::place(5, 9));
    EXPECT_TRUE(all.is_closed(5));
    const auto next = all.open_next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->first, consent::place(5, 7));
}

}  // namespace
}  // namespace consent_sync::service
