// JSON as it stands: members in their order, one that stands twice stands here twice, numbers as their digits.
//
// Boost.JSON's own values merge members of one name and round numbers; what an answer really says is then lost.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::random_hubspot {

struct member;

struct node {
    enum class kind { null, boolean, number, text, array, object };

    kind what = kind::null;
    std::string text;             // of a text its characters, of a number its digits, of a boolean "true" or "false"
    std::vector<node> items;      // of an array
    std::vector<member> members;  // of an object

    static node of(std::string characters);
    static node of(const char* characters) { return of(std::string(characters)); }
    static node number(std::string digits);
    static node number(std::int64_t value) { return number(std::to_string(value)); }
    static node boolean(bool value);
    static node array(std::vector<node> items = {});
    static node object(std::vector<member> members = {});

    bool is(kind k) const { return what == k; }
    std::size_t count(std::string_view name) const;  // members of that name
    const node* find(std::string_view name) const;   // the first one
    node* find(std::string_view name);
    void add(std::string name, node value);
    void remove(std::string_view name);  // all of that name
};

struct member {
    std::string name;
    node value;
};

// Nothing: it is not one JSON document, by RFC 8259, in UTF-8 and without a byte order mark.
std::optional<node> read_json(std::string_view text);

// How characters and spaces are written.
struct spelling {
    std::function<bool()> escapes;  // asked for each character that need not be escaped: as \u00xx all the same?
    std::function<std::string_view()> space;  // asked wherever white space may stand
};
std::string write_json(const node& value, const spelling& how = {});

bool has_duplicates(const node& value);  // anywhere a member that stands twice
std::size_t depth(const node& value);
// Every text in it, names of members aside.
void for_each_text(const node& value, const std::function<void(const std::string&)>& use);

}  // namespace consent_sync::random_hubspot
