#include "base/json_shape.hpp"

#include <gtest/gtest.h>

#include <string>

namespace consent_sync::base {
namespace {

json_shape::meaning first_letter(std::string_view name) {
    return name.empty() ? 0 : static_cast<unsigned char>(name[0]);
}

// The result of reading `text` after learning `learnt`: "a=text b=7 c=true d=null", then the size.
std::string read_after(std::string_view learnt, std::string_view text) {
    json_shape shape;
    shape.learn(learnt, first_letter);
    std::string all;
    const std::size_t size = shape.read(text, [&all](json_shape::meaning means, const plain_json& value) {
        all += static_cast<char>(means);
        all += '=';
        switch (value.what) {
            case plain_json::kind::text: all += value.text; break;
            case plain_json::kind::whole: all += std::to_string(value.number); break;
            case plain_json::kind::boolean: all += value.number == 1 ? "true" : "false"; break;
            case plain_json::kind::null: all += "null"; break;
        }
        all += ' ';
    });
    return size == 0 ? "0" : all + std::to_string(size);
}

struct reading {
    const char* learnt;
    const char* text;
    const char* expected;
};

class JsonShape : public testing::TestWithParam<reading> {};

TEST_P(JsonShape, ReadsOnlyPlainObjectsOfTheSameShape) {
    EXPECT_EQ(read_after(GetParam().learnt, GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonShape,
    testing::Values(
        reading{R"({"a":"x","b":1})", R"({"a":"x","b":1})", "a=x b=1 15"},
        reading{R"({"a":"x","b":1})", R"({"a":"yes","b":-23},{"a":)", "a=yes b=-23 19"},
        reading{R"({"a":"x","b":1})", R"({"a":"","b":0})", "a= b=0 14"},
        reading{R"({"a":"","b":1})", R"({"a":"longer than before","b":1})", "a=longer than before b=1 32"},
        reading{R"({"a":"x","b":1})", R"({"a":true,"b":null})", "a=true b=null 19"},
        reading{R"({"a":true,"b":null})", R"({"a":false,"b":"x"})", "a=false b=x 19"},
        reading{R"({"a":77})", R"({"a":778})", "a=778 9"}, reading{R"({"a":778})", R"({"a":77})", "a=77 8"},
        reading{R"({"a":"x"})", R"({"a":"xy"})", "a=xy 10"}, reading{R"({"a":"xy"})", R"({"a":"x"})", "a=x 9"},
        reading{R"({ "a" : 1 , "b" : 2 })", R"({ "a" : 3 , "b" : 4 })", "a=3 b=4 21"}, reading{"{}", "{}", "2"},
        reading{R"({"a":"x\"y","b":1})", R"({"a":"z","b":2})", "a=z b=2 15"},
        reading{R"({"a":"x"})", "{\"a\":\"j\xc3\xb6rg\"}", "a=j\xc3\xb6rg 13"},
        // another shape
        reading{R"({"a":1,"b":2})", R"({"b":1,"a":2})", "0"}, reading{R"({"a":1})", R"({"a":1,"b":2})", "0"},
        reading{R"({"a":1,"b":2})", R"({"a":1})", "0"}, reading{R"({"a":1})", R"({"a": 1})", "0"},
        reading{R"({"a":1})", R"({"a":1 })", "0"}, reading{"{}", "{ }", "0"}, reading{R"({"a":1})", "", "0"},
        // not plain, or incomplete
        reading{R"({"a":"x\"y"})", R"({"a":"x\"y"})", "0"}, reading{R"({"a":1.5})", R"({"a":1.5})", "0"},
        reading{R"({"a":1})", R"({"a":1e3})", "0"}, reading{R"({"a":1})", R"({"a":01})", "0"},
        reading{R"({"a":1})", R"({"a":-})", "0"}, reading{R"({"a":1})", R"({"a":1234567890123456789})", "0"},
        reading{R"({"a":1})", R"({"a":123456789012345678})", "a=123456789012345678 24"},
        reading{R"({"a":1})", R"({"a":tru})", "0"}, reading{R"({"a":1})", R"({"a":[]})", "0"},
        reading{R"({"a":1})", R"({"a":"x)", "0"}, reading{R"({"a":1})", R"({"a":1)", "0"},
        reading{R"({"a":"x"})", "{\"a\":\"\xc3\"}", "0"}, reading{R"({"a":"x"})", "{\"a\":\"\x01\"}", "0"},
        // nothing that can be learnt
        reading{R"({"a":[1]})", R"({"a":[1]})", "0"}, reading{R"({"a":{}})", R"({"a":{}})", "0"},
        reading{R"({"\u0061":1})", R"({"\u0061":1})", "0"}, reading{R"({"a":1)", R"({"a":1)", "0"},
        reading{R"({"a")", R"({"a")", "0"}, reading{"", "", "0"}));

// Objects are compared several bytes at a time.
TEST(JsonShape, FindsADifferenceAtAnyByteOfALongObject) {
    const std::string value(61, '0');
    const std::string learnt = R"({"a":")" + value + R"(","b":7,"c":"end"})";
    const auto nobody = [](json_shape::meaning, const plain_json&) {};
    json_shape shape;
    shape.learn(learnt, first_letter);
    for (std::size_t at = learnt.find('0'); learnt[at] != '"'; ++at) {
        std::string text = learnt;
        text[at] = 'x';
        std::string found;
        const std::size_t size = shape.read(text, [&found](json_shape::meaning means, const plain_json& taken) {
            found += static_cast<char>(means);
            found += taken.what == plain_json::kind::text ? std::string(taken.text) : std::to_string(taken.number);
        });
        EXPECT_EQ(size, text.size());
        EXPECT_EQ(found, "a" + text.substr(6, value.size()) + "b7cend") << at;
    }
    for (std::size_t cut = 0; cut < learnt.size(); ++cut)
        EXPECT_EQ(shape.read(std::string_view(learnt).substr(0, cut), nobody), 0U) << cut;
}

TEST(JsonShape, TellsIfOnlyAValueDiffered) {
    json_shape shape;
    shape.learn(R"({"a":1,"b":2})", first_letter);
    const auto nobody = [](json_shape::meaning, const plain_json&) {};
    EXPECT_EQ(shape.read(R"({"a":1.5,"b":2})", nobody), 0U);
    EXPECT_TRUE(shape.value_differed());
    EXPECT_EQ(shape.read(R"({"c":1,"b":2})", nobody), 0U);
    EXPECT_FALSE(shape.value_differed());
    shape.forget();
    EXPECT_EQ(shape.read(R"({"a":1,"b":2})", nobody), 0U);
}

}  // namespace
}  // namespace consent_sync::base
