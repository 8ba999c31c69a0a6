#include "intake/columns.hpp"

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>
#include <cstdint>

#include "base/utf8.hpp"
#include "intake/limits.hpp"
#include "intake/values.hpp"

namespace consent_sync::intake {
namespace {

struct alias {
    std::string_view simplified;
    field meaning;
};

constexpr std::array<alias, 41> aliases{{{"subscriberidstring", field::subscriber},
                                         {"subscriberid", field::subscriber},
                                         {"subscriber", field::subscriber},
                                         {"subscriberemail", field::subscriber},
                                         {"email", field::subscriber},
                                         {"emailaddress", field::subscriber},
                                         {"mail", field::subscriber},
                                         {"contactemail", field::subscriber},
                                         {"statusstate", field::state},
                                         {"status", field::state},
                                         {"state", field::state_or_place},
                                         {"consent", field::state},
                                         {"consentstatus", field::state},
                                         {"subscriptionstatus", field::state},
                                         {"optin", field::state},
                                         {"subscribed", field::state},
                                         {"subscriptionid", field::subscription},
                                         {"subscription", field::subscription},
                                         {"subscriptiontypeid", field::subscription},
                                         {"channel", field::channel},
                                         {"legalbasis", field::basis},
                                         {"lawfulbasis", field::basis},
                                         {"basis", field::basis},
                                         {"legalbasisexplanation", field::explanation},
                                         {"lawfulbasisexplanation", field::explanation},
                                         {"basisexplanation", field::explanation},
                                         {"explanation", field::explanation},
                                         {"changeid", field::change_id},
                                         {"optout", field::inverted_state},
                                         {"optedout", field::inverted_state},
                                         {"unsubscribed", field::inverted_state},
                                         {"unsubscribe", field::inverted_state},
                                         {"donotemail", field::inverted_state},
                                         {"donotcontact", field::inverted_state},
                                         {"suppressed", field::inverted_state},
                                         {"hsemailoptout", field::inverted_state},
                                         {"verdict", field::report},
                                         {"category", field::report},
                                         {"message", field::report},
                                         {"correlationid", field::report},
                                         {"optedin", field::state}}};

constexpr std::array<std::string_view, record_fields> field_names{
    "subscriberIdString",    "statusState", "subscriptionId", "channel",    "legalBasis",
    "legalBasisExplanation", "change_id",   "opt-out",        "statusState"};

constexpr std::size_t unsettled_shown_max = 10;

void add_once(std::vector<std::string>& all, const std::string& shown) {
    if (all.size() < unknown_columns_max && std::find(all.begin(), all.end(), shown) == all.end()) all.push_back(shown);
}

std::string list(const std::vector<std::string>& shown) {
    std::string all;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i == unsettled_shown_max) return all + ", …";
        all += (i == 0 ? "\"" : ", \"") + shown[i] + "\"";
    }
    return all;
}

using utf8 = boost::locale::utf::utf_traits<char>;
using code_point = boost::locale::utf::code_point;

// The letters from U+00C0 to U+017F without their accents, in runs; '?' is not a letter.
constexpr auto plain_latin = [] {
    struct run {
        char letter;
        std::size_t size;
    };
    constexpr run runs[]{{'a', 7},  {'c', 1},  {'e', 4}, {'i', 4},  {'d', 1}, {'n', 1},  {'o', 5}, {'?', 1},
                         {'o', 1},  {'u', 4},  {'y', 1}, {'t', 1},  {'s', 1}, {'a', 7},  {'c', 1}, {'e', 4},
                         {'i', 4},  {'d', 1},  {'n', 1}, {'o', 5},  {'?', 1}, {'o', 1},  {'u', 4}, {'y', 1},
                         {'t', 1},  {'y', 1},  {'a', 6}, {'c', 8},  {'d', 4}, {'e', 10}, {'g', 8}, {'h', 4},
                         {'i', 12}, {'j', 2},  {'k', 3}, {'l', 10}, {'n', 9}, {'o', 8},  {'r', 6}, {'s', 8},
                         {'t', 6},  {'u', 12}, {'w', 2}, {'y', 3},  {'z', 6}, {'s', 1}};
    std::array<char, 0x180 - 0xC0> table{};
    std::size_t at = 0;
    for (const run& each : runs)
        for (std::size_t i = 0; i < each.size; ++i) table[at++] = each.letter;
    if (at != table.size()) throw "the runs do not fill the table";
    return table;
}();

constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Pieces of names, in plain lower-case letters and without what stands between words. Beside a known status they make a
// row doubtful, so words of other matters are not among them.
constexpr std::array suspicious_pieces = std::to_array<std::string_view>(
    {// English
     "optout", "optedout", "optin", "optedin", "opted", "optstatus", "doubleopt", "unsub", "subscri", "consent",
     "permission", "permit", "allow", "mayemail", "maymail", "maycontact", "maywe", "canemail", "canmail", "cancontact",
     "oktoemail", "oktomail", "emailok", "accept", "agree", "approv", "authoris", "authoriz", "suppress", "bounce",
     "complain", "spam", "abuse", "newsletter", "mailing", "maillist", "emaillist", "emailable", "mailable",
     "contactable", "marketing", "marketable", "promotional", "gdpr", "privacy", "donot", "dont", "nomail", "noemail",
     "nocontact", "nonews", "stopmail", "stopemail", "blocked", "blocklist", "blacklist", "denylist", "exclude",
     "exclusion", "remove", "revok", "withdr", "objection", "objected", "refus", "reject", "declin", "undeliver",
     "cleaned", "cleantime", "unreachable", "notification", "communication", "preference", "confirmed", "quarantin",
     "robinson", "deactivat", "deceased", "inactive", "deleted", "cancel", "terminat", "usub",
     // German
     "abonn", "abgemeld", "abmeld", "angemeld", "anmeld", "austrag", "ausgetrag", "eingetragen", "widerruf", "widerspr",
     "einwillig", "zustimm", "zugestimmt", "erlaub", "werbung", "werbe", "gesperrt", "sperr", "dsgvo", "kontaktverbot",
     "gekuendigt", "gekundigt", "einverst", "datenschutz", "rundbrief", "blockiert", "abbestell", "kundig", "kuendig",
     "storno", "austritt", "verstorben",
     // French
     "desabon", "desinscr", "inscri", "rgpd", "accord", "opposit", "plainte", "rejet", "infolettre", "interdi",
     "confidentialite",
     // Spanish, Italian, Portuguese
     "suscri", "permiso", "acepta", "rechaz", "boletin", "publicidad", "autoriz", "sottoscr", "iscri", "iscritt",
     "consens", "cancellat", "rifiut", "accett", "descadastr", "inscrit", "lgpd", "cancelad", "revoc", "aceit",
     "darsede", "privacidad", "disdett", "nepascontact", "nepasenvoy",
     // Dutch, Danish, Norwegian, Swedish, Finnish
     "afgemeld", "afmeld", "aangemeld", "aanmeld", "toestemming", "uitgeschr", "uitschr", "ingeschr", "inschr",
     "nieuwsbrief", "avregist", "samtyck", "samtykke", "avmeld", "frameld", "pameld", "tilmeld", "nyhetsbrev",
     "nyhedsbrev", "avanmal", "nietmail", "prenumer", "suostumus", "uutiskirje", "markkinoint",
     // Polish, Czech, Hungarian, Turkish
     "zgod", "wypis", "rezygn", "subskry", "souhlas", "odhlas", "odber", "leiratk", "hozzajar", "hirlevel", "abone",
     "onayl", "iptal",
     // Cyrillic, Chinese, Japanese
     "отказ", "オプトアウト", "수신거부", "отпис", "подпис", "соглас", "рассыл", "退订", "订阅", "配信", "購読",
     "同意"});

// Whole words that are too short to be looked for as pieces.
constexpr std::array suspicious_words = std::to_array<std::string_view>(
    {"opt",  "opts",  "out",  "dnc",  "dnd",  "dne",  "dnm",  "doi",  "soi",  "casl",  "ccpa", "tcpa", "abo", "abos",
     "baja", "bajas", "alta", "news", "stop", "izin", "izni", "onay", "deny", "block", "tos",  "agb",  "cgu", "promo"});

// About something else although a piece of them is suspicious.
constexpr std::array harmless_names = std::to_array<std::string_view>(
    {"subscriberkey", "subscriptionname", "subscriptiontypename", "mailingstreet", "mailingcity", "mailingstate",
     "mailingzip", "mailingzipcode", "mailingpostalcode", "mailingcountry", "mailingcountrycode", "mailingaddress",
     "mailingaddress1", "mailingaddress2", "mailingprovince", "mailingstateprovince", "mailingcounty"});

// Words that tell by themselves what a column is about.
constexpr std::array subjects = std::to_array<std::string_view>(
    {"name", "names", "firstname", "lastname", "middlename", "fullname", "surname", "forename", "familyname",
     "givenname", "nickname", "initials", "salutation", "prefix", "suffix", "gender", "sex", "birthday", "birthdate",
     "birth", "dob", "age", "company", "companyname", "organisation", "organization", "employer", "department",
     "jobtitle", "title", "profession", "occupation", "industry", "phone", "phonenumber", "telephone", "tel", "mobile",
     "mobilephone", "cellphone", "fax", "street", "address", "address1", "address2", "addressline", "city", "town",
     "zip", "zipcode", "postcode", "postalcode", "postal", "country", "countrycode", "county", "region", "province",
     "locality", "language", "lang", "locale", "timezone", "latitude", "longitude", "lat", "lon", "lng", "gmtoff",
     "dstoff", "id", "ids", "uuid", "guid", "oid", "website", "url", "homepage", "currency", "revenue", "employees",
     "ip", "created", "createdat", "createdate", "owner", "owners", "updated", "modified",
     // A state with what makes it a place
     "stateprovince", "provincestate", "stateregion", "statecounty", "stateterritory", "stateprefecture",
     "billingstate", "shippingstate", "homestate", "addressstate", "billingstateprovince", "shippingstateprovince",
     // When something happened, and how much
     "updatedat", "modifiedat", "lastmodified", "lastmodifieddate", "lastupdated", "lastupdate", "lastchanged",
     "createdon", "createddate", "datecreated", "dateadded", "addedat", "added", "signupdate", "signuptime",
     "signedupat", "signupat", "signuptimestamp", "registrationdate", "registeredat", "dateregistered", "joindate",
     "joinedat", "datejoined", "membersince", "customersince", "firstseen", "lastseen", "lastlogin", "lastvisit",
     "lastactivity", "lastactivitydate", "lastorder", "lastorderdate", "firstorderdate", "lastpurchase",
     "lastpurchasedate", "totalspent", "totalorders", "ordercount", "orderscount", "taxexempt", "memberrating", "leid",
     "euid", "cc",
     // German, French, Spanish, Italian, Portuguese, Dutch
     "vorname", "nachname", "zuname", "geburtsdatum", "geburtstag", "geschlecht", "anrede", "titel", "firma",
     "unternehmen", "abteilung", "beruf", "telefon", "telefonnummer", "handy", "mobiltelefon", "strasse", "strase",
     "hausnummer", "plz", "postleitzahl", "ort", "stadt", "land", "bundesland", "sprache", "kundennummer", "kundennr",
     "prenom", "nom", "civilite", "societe", "entreprise", "adresse", "ville", "pays", "langue", "naissance", "nombre",
     "apellido", "apellidos", "empresa", "telefono", "direccion", "ciudad", "pais", "idioma", "nacimiento", "nome",
     "cognome", "azienda", "indirizzo", "citta", "paese", "lingua", "sobrenome", "telefone", "endereco", "cidade",
     "voornaam", "achternaam", "bedrijf", "telefoonnummer", "straat", "woonplaats", "taal"});

// Words that say more about a subject, and are nothing alone.
constexpr std::array qualifiers = std::to_array<std::string_view>(
    {"first",   "last",     "middle",   "full",    "given",     "family",    "maiden",   "display",    "customer",
     "client",  "contact",  "user",     "person",  "member",    "account",   "record",   "order",      "invoice",
     "crm",     "external", "internal", "home",    "work",      "office",    "business", "private",    "personal",
     "billing", "shipping", "delivery", "primary", "secondary", "main",      "other",    "line",       "date",
     "time",    "of",       "the",      "at",      "on",        "der",       "de",       "du",         "di",
     "del",     "da",       "la",       "le",      "area",      "dial",      "job",      "site",       "web",
     "code",    "number",   "nr",       "num",     "key",       "row",       "year",     "month",      "day",
     "kunden",  "kunde",    "cp",       "e",       "native",    "preferred", "lead",     "associated", "default",
     "by",      "hubspot",  "hub",      "spot",    "salesforce"});

// The last word of a column of labels, and what may stand before it.
constexpr std::array label_words = std::to_array<std::string_view>(
    {"tag", "tags", "label", "labels", "source", "sources", "medium", "etiquetas", "schlagworte"});
constexpr std::array label_qualifiers = std::to_array<std::string_view>(
    {"lead", "original", "latest", "first", "last", "traffic", "utm", "contact", "customer", "record", "account",
     "user", "signup", "referral", "acquisition", "type"});

// The qualifiers that make one of another word: "customer number", but not "customer".
constexpr std::array numbers = std::to_array<std::string_view>({"code", "number", "nr", "num", "key"});
constexpr std::array owners =
    std::to_array<std::string_view>({"customer", "client", "contact", "user", "person", "member", "account", "record",
                                     "order", "invoice", "row", "kunden", "kunde", "area", "dial"});

constexpr std::array opt_out_pieces = std::to_array<std::string_view>(
    {"unsub",     "optout",     "optedout",    "optouts",      "suppress",  "bounce",    "complain",  "spam",
     "cleaned",   "blocklist",  "blocked",     "blacklist",    "donot",     "abgemeld",  "abmeld",    "desinscr",
     "desabon",   "dnc",        "robinson",    "widerspr",     "widerruf",  "afgemeld",  "uitgeschr", "bajas",
     "withdrawn", "revoked",    "austrag",     "ausgetrag",    "nomail",    "noemail",   "nocontact", "removed",
     "removal",   "deleted",    "inactive",    "exclude",      "exclusion", "stoplist",  "denylist",  "quarantin",
     "declined",  "erasure",    "abbestell",   "sperrliste",   "gesperrt",  "disiscri",  "uitschr",   "wypis",
     "отпис",     "退订",       "nomarketing", "nonewsletter", "nopromo",   "keinewerb", "keinnewsl", "keinemail",
     "deceased",  "verstorben", "delete",      "gdprremov",    "optedoff",  "stopmail",  "stopemail", "dontmail",
     "dontemail", "dontcontact"});

// Of the name of a file: what its people did, or what was done to them.
constexpr std::array left_pieces = std::to_array<std::string_view>(
    {"exclu",    "cancel",      "churn",        "refus",    "reject",     "forget",  "forgotten", "erase",
     "disiscr",  "cancelaci",   "afmeld",       "avregist", "uitschrijv", "kuendig", "kundig",    "storno",
     "austritt", "notinterest", "nocontact",    "invalid",  "expired",    "lapsed",  "terminat",  "deactiv",
     "отказ",    "配信停止",    "オプトアウト", "수신거부", "iptal"});
constexpr std::array left_words =
    std::to_array<std::string_view>({"stop", "left", "leaver", "leavers", "never", "dnm", "dne", "dnd", "gdpr", "abuse",
                                     "out", "no", "remove", "lost", "bad"});

template <class Table>
bool has(const Table& table, std::string_view word) {
    return std::find(table.begin(), table.end(), word) != table.end();
}

template <class Table>
bool holds_piece(const Table& table, std::string_view joined) {
    return std::any_of(table.begin(), table.end(),
                       [&](std::string_view piece) { return joined.find(piece) != std::string_view::npos; });
}

std::string join(const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& word : words) joined += word;
    return joined;
}

}  // namespace

field find_field(std::string_view name) {
    std::array<char, 32> buffer;
    const std::string_view wanted = simplify(without_marks(name), buffer.data(), buffer.size());
    for (const alias& known : aliases)
        if (known.simplified == wanted) return known.meaning;
    return field::unknown;
}

std::string_view name(field f) { return field_names[static_cast<std::size_t>(f)]; }

std::string_view simplify(std::string_view text, char* buffer, std::size_t size) {
    std::size_t used = 0;
    for (const char c : text) {
        if (c == ' ' || c == '_' || c == '-' || c == '\t') continue;
        if (used == size) return {};
        buffer[used++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return {buffer, used};
}

std::string shown_column(std::string_view column) {
    if (column.empty()) return "(without a name)";
    if (!base::is_utf8(column) || column.find('@') != std::string_view::npos ||
        std::any_of(column.begin(), column.end(), is_control))
        return "(hidden)";
    if (column.size() <= column_name_bytes_max) return std::string(column);
    std::size_t cut = column_name_bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(column[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
    return std::string(column.substr(0, cut)) + "…";
}

column_rules::column_rules(const std::vector<std::string>& ignored) {
    for (const std::string& name : ignored) {
        std::string simple(name.size(), '\0');
        simple.resize(simplify(without_marks(name), simple.data(), simple.size()).size());
        if (!simple.empty()) ignored_.push_back(std::move(simple));
    }
}

bool column_rules::is_ignored(std::string_view name) const {
    if (ignored_.empty()) return false;
    std::string simple(name.size(), '\0');
    simple.resize(simplify(without_marks(name), simple.data(), simple.size()).size());
    return std::find(ignored_.begin(), ignored_.end(), simple) != ignored_.end();
}

field column_rules::find(std::string_view name) const {
    if (is_ignored(name)) return field::ignored;
    const field known = find_field(name);
    if (known != field::unknown) return known;
    if (smells_of_consent(name)) return field::suspicious;
    if (holds_labels(name)) return field::labels;
    return is_about_something_else(name) ? field::elsewhere : field::unknown;
}

field column_rules::find_nested(std::string_view path) const {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1))
        if (is_ignored(path.substr(0, dot))) return field::ignored;
    if (is_ignored(path)) return field::ignored;
    const std::string_view last = path.substr(path.rfind('.') + 1);
    const field known = find_field(last);
    if (known == field::state || known == field::inverted_state || smells_of_consent(last)) return field::suspicious;
    if (known == field::subscriber || last.starts_with('$')) return field::elsewhere;  // "$oid" and "$date" of MongoDB
    if (known != field::unknown) return field::unknown;
    if (holds_labels(last)) return field::labels;
    return is_about_something_else(last) ? field::elsewhere : field::unknown;
}

void other_names::add(std::string_view column, field what) {
    if (what == field::ignored) return;
    const std::string shown = shown_column(column);
    add_once(passed_over_, shown);
    if (what == field::suspicious) add_once(suspicious_, shown);
    if (what != field::elsewhere && what != field::labels) add_once(unsettled_, shown);
}

std::string ignore_line(const std::vector<std::string>& names) {
    return "\"rules\": { \"ignore_columns\": [" + list(names) + "] }";
}

std::string why_no_default(const std::vector<std::string>& unsettled, std::string_view state) {
    const bool one = unsettled.size() == 1;
    return std::string(one ? "the column " : "the columns ") + list(unsettled) + (one ? " is" : " are") +
           " not known and may say who must not be mailed, so defaults.statusState (" + std::string(state) +
           ") does not stand for a status that the file does not have; name the column that says it statusState, with "
           "the values SUBSCRIBED and UNSUBSCRIBED, or, if none says it, add to the configuration: " +
           ignore_line(unsettled);
}

std::vector<std::string> split_words(std::string_view name) {
    std::vector<std::string> words;
    std::string word;
    bool lower_before = false;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    const char* at = name.data();
    const char* const end = at + name.size();
    while (at != end) {
        const char* const begin = at;
        code_point c = utf8::decode(at, end);
        if (c == boost::locale::utf::illegal || c == boost::locale::utf::incomplete) {
            if (at == begin) ++at;
            end_word();
            continue;
        }
        if (c >= 0x300 && c <= 0x36F) continue;  // an accent of its own
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper && lower_before) end_word();
        lower_before = c >= 'a' && c <= 'z';
        if (upper) c += 'a' - 'A';
        if (c >= 0xC0 && c < 0x180 && plain_latin[c - 0xC0] != '?')
            c = static_cast<unsigned char>(plain_latin[c - 0xC0]);
        if (c >= 0x410 && c <= 0x42F) c += 0x20;  // Cyrillic capitals
        const bool of_word = c < 0x80 ? is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c))
                                      : c >= 0xC0 && !(c >= 0x2000 && c <= 0x206F) && c != 0x3000 && c != 0xFEFF;
        if (!of_word) {
            end_word();
            continue;
        }
        utf8::encode(c, std::back_inserter(word));
    }
    end_word();
    return words;
}

bool smells_of_consent(std::string_view name) {
    const std::vector<std::string> words = split_words(name);
    const std::string joined = join(words);
    if (has(harmless_names, joined)) return false;
    return holds_piece(suspicious_pieces, joined) ||
           std::any_of(words.begin(), words.end(), [](const std::string& w) { return has(suspicious_words, w); });
}

bool is_about_something_else(std::string_view name) {
    const std::vector<std::string> words = split_words(name);
    const std::string joined = join(words);
    if (has(harmless_names, joined) || has(subjects, joined)) return true;
    bool subject = false;
    bool number = false;
    bool owner = false;
    for (const std::string& word : words) {
        if (std::all_of(word.begin(), word.end(), is_digit)) continue;
        const bool is_subject = has(subjects, word);
        if (!is_subject && !has(qualifiers, word)) return false;
        subject = subject || is_subject;
        number = number || has(numbers, word);
        owner = owner || has(owners, word);
    }
    return subject || (number && owner);
}

bool holds_labels(std::string_view name) {
    const std::vector<std::string> words = split_words(name);
    return !words.empty() && has(label_words, words.back()) &&
           std::all_of(words.begin(), words.end() - 1, [](const std::string& w) { return has(label_qualifiers, w); });
}

bool lists_opt_outs(std::string_view file_name) {
    const std::vector<std::string> words = split_words(file_name);
    return names_opt_outs(file_name) || holds_piece(left_pieces, join(words)) ||
           std::any_of(words.begin(), words.end(), [](const std::string& w) { return has(left_words, w); });
}

bool names_opt_outs(std::string_view text) {
    return !text.empty() && holds_piece(opt_out_pieces, join(split_words(text)));
}

}  // namespace consent_sync::intake
