// What a file says and nobody understands is never filled up with a default, and an opt-out is never read as an opt-in.
#include "intake/columns.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>

#include "base/file.hpp"
#include "consent/key.hpp"
#include "intake/values.hpp"
#include "source_paths.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using consent::status_state;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

read_settings with_default(status_state state = status_state::subscribed) {
    read_settings settings = with_subscription();
    settings.defaults.state = state;
    return settings;
}

read_settings with_ignored(read_settings settings, const std::vector<std::string>& names) {
    settings.rules.ignore_columns = names;
    return settings;
}

// How many rows of it would be sent as anything but an opt-out.
std::size_t opt_ins(const reading& got) {
    std::size_t count = 0;
    for (const row& r : got.rows) count += !r.fault && r.change.state != status_state::unsubscribed;
    return count;
}

// The rows of a table of lib/intake/README.md: first cell, second cell.
std::vector<std::pair<std::string, std::string>> read_table(const std::string& heading) {
    const std::string page = base::read_small_file(CONSENT_SYNC_SOURCE_DIR "/lib/intake/README.md", 1U << 20).value();
    std::vector<std::pair<std::string, std::string>> rows;
    std::istringstream lines(page.substr(page.find("\n## " + heading + "\n") + 1));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line) && !line.starts_with("## ") && !line.starts_with("### ")) {
        if (!line.starts_with("| ")) continue;
        const std::size_t middle = line.find(" | ", 2);
        rows.emplace_back(line.substr(2, middle - 2), line.substr(middle + 3, line.rfind(" |") - middle - 3));
    }
    return rows;
}

// "a, b (words about b)" -> a b
std::vector<std::string> names_in(std::string cell) {
    if (const std::size_t note = cell.find(" ("); note != std::string::npos) cell.resize(note);
    std::vector<std::string> names;
    std::istringstream parts(cell);
    for (std::string name; std::getline(parts, name, ',');) names.emplace_back(consent::trim(name));
    return names;
}

TEST(ColumnsPage, EveryAliasMeansWhatThePageSays) {
    const std::map<std::string, field> meanings{{"subscriberIdString", field::subscriber},
                                                {"statusState", field::state},
                                                {"statusState, in full words only", field::state_or_place},
                                                {"opt-out", field::inverted_state},
                                                {"subscriptionId", field::subscription},
                                                {"channel", field::channel},
                                                {"legalBasis", field::basis},
                                                {"legalBasisExplanation", field::explanation},
                                                {"change_id", field::change_id},
                                                {"known and ignored", field::report}};
    std::size_t told = 0;
    std::size_t names = 0;
    for (const auto& [label, cell] : read_table("Columns")) {
        if (label == "field" || label.starts_with("-")) continue;
        ASSERT_TRUE(meanings.contains(label)) << label;
        ++told;
        for (const std::string& name : names_in(cell)) {
            EXPECT_EQ(find_field(name), meanings.at(label)) << name;
            ++names;
        }
    }
    EXPECT_EQ(told, meanings.size());
    EXPECT_EQ(names, 41U) << "an alias that the page does not list, or one that the program does not know";
}

TEST(ColumnsPage, EveryWordOfAStatusMeansWhatThePageSays) {
    const std::map<std::string, status_state> meanings{{"SUBSCRIBED", status_state::subscribed},
                                                       {"UNSUBSCRIBED", status_state::unsubscribed},
                                                       {"NOT_SPECIFIED", status_state::not_specified}};
    std::size_t words = 0;
    for (const auto& [label, cell] : read_table("Values")) {
        if (!meanings.contains(label)) continue;
        for (const std::string& word : names_in(cell)) {
            EXPECT_EQ(read_status_state(word), meanings.at(label)) << word;
            ++words;
        }
    }
    EXPECT_EQ(words, 23U);
}

// Of each inverted name: its yes never subscribes, beside a status that says so or under a default that does.
TEST(ColumnsPage, TheYesOfAnOptOutColumnContradicts) {
    for (const auto& [label, cell] : read_table("Columns")) {
        if (label != "opt-out") continue;
        for (const std::string& name : names_in(cell)) {
            for (const std::string yes : {"yes", "1", "true", "TRUE", "x", "2", "opt-out", "2026-01-02", "'1"}) {
                const std::string csv = "email,status," + name + "\na@b.com,subscribed," + yes + "\nb@b.com,no," + yes;
                const reading got = read_text(csv, "x.csv", with_default());
                ASSERT_EQ(got.rows.size(), 2U) << name;
                EXPECT_EQ(got.fault(0), "contradicting_status") << name << " " << yes;
                EXPECT_EQ(got.fault(1), "") << name << " " << yes;
                const reading json = read_text(R"({"email":"a@b.com","consent":"yes",")" + name + "\":\"" + yes + "\"}",
                                               "x.ndjson", with_default());
                EXPECT_EQ(json.fault(0), "contradicting_status") << name << " " << yes;
                EXPECT_NE(read_text("email," + name + "\na@b.com," + yes, "x.csv", with_default()).refused, "") << name;
            }
            for (const std::string no : {"no", "0", "false", "N", "", "'0"}) {
                const reading got =
                    read_text("email,status," + name + "\na@b.com,subscribed," + no, "x.csv", with_subscription());
                EXPECT_EQ(got.fault(0), "") << name << " " << no;
            }
        }
    }
}

// As they stand in exports and exchanges of well-known programs.
const std::vector<std::string> vendor_names{"Email Opt Out",
                                            "HasOptedOutOfEmail",
                                            "hs_email_optout_530858989",
                                            "Opted out of email: One to One",
                                            "Unsubscribed from all email",
                                            "Is Unsubscribed",
                                            "IsUnsubscribed",
                                            "unsubscribed_at",
                                            "Unsubscribe Date",
                                            "UNSUB_TIME",
                                            "UNSUB_REASON",
                                            "UNSUB_CAMPAIGN_ID",
                                            "CLEAN_TIME cleaned",
                                            "OPTIN_TIME",
                                            "OPTIN_IP",
                                            "doi_confirm_time",
                                            "Accepts Email Marketing",
                                            "Accepts Marketing",
                                            "accepts_marketing_updated_at",
                                            "Marketing Consent",
                                            "marketing_consent",
                                            "email_consent",
                                            "EmailConsent",
                                            "Consent Status Email",
                                            "Consent given",
                                            "GDPR Consent",
                                            "gdpr_opt_in",
                                            "Double Opt-In",
                                            "DOI",
                                            "doi_confirmed",
                                            "opt_in_status",
                                            "Opt-in Timestamp",
                                            "optInDate",
                                            "email_opt_in",
                                            "Newsletter",
                                            "newsletter_signup",
                                            "Newsletter Subscription",
                                            "Newsletter opt out",
                                            "is_subscribed",
                                            "isSubscribed",
                                            "Subscribed At",
                                            "Email Subscription Status",
                                            "Subscriber Status",
                                            "SubscriptionType",
                                            "Do Not Email?",
                                            "DoNotBulkEMail",
                                            "Do not bulk email",
                                            "donotemail_flag",
                                            "Do Not Contact (Y/N)",
                                            "DNC",
                                            "DNE",
                                            "email_permission",
                                            "Permission Status",
                                            "permission_to_mail",
                                            "Can Email",
                                            "can_contact_by_email",
                                            "May we contact you",
                                            "allow_email",
                                            "Allow Marketing Emails",
                                            "AllowsMailing",
                                            "Email Allowed",
                                            "mailing_list",
                                            "Mailing",
                                            "Mailings",
                                            "Suppressed At",
                                            "suppression_reason",
                                            "Suppression List",
                                            "is_suppressed",
                                            "Bounced",
                                            "Hard Bounce",
                                            "bounce_type",
                                            "Bounce Count",
                                            "Complaint",
                                            "complained_at",
                                            "spam_report",
                                            "Marked as Spam",
                                            "Blocked",
                                            "blocklisted",
                                            "Blacklisted",
                                            "Email Blacklist",
                                            "emailBlacklisted",
                                            "Removed",
                                            "Excluded from mailing",
                                            "Email Preferences",
                                            "Communication Preferences",
                                            "Privacy Consent",
                                            "privacy_accepted",
                                            "Agreed to Terms",
                                            "terms_accepted",
                                            "Approved for email",
                                            "Withdrawn",
                                            "withdrawal_date",
                                            "Revoked At",
                                            "Objection",
                                            "declined",
                                            "Notification Emails",
                                            "Promotional Emails",
                                            "Marketing Emails",
                                            "Marketable",
                                            "Non-Marketable Reason",
                                            "Abgemeldet",
                                            "abgemeldet am",
                                            "Abmeldung",
                                            "Abmeldedatum",
                                            "Newsletter-Abmeldung",
                                            "Angemeldet",
                                            "Abonniert",
                                            "Abonnent",
                                            "Einwilligung",
                                            "Einwilligung E-Mail",
                                            "Widerruf",
                                            "Widerspruch Werbung",
                                            "Werbeerlaubnis",
                                            "Werbung erlaubt",
                                            "Zustimmung",
                                            "DSGVO",
                                            "DSGVO-Einwilligung",
                                            "Gesperrt",
                                            "Sperrvermerk",
                                            "Austragung",
                                            "Désinscrit",
                                            "desinscrit",
                                            "Désabonné",
                                            "Date de désabonnement",
                                            "Abonné",
                                            "Inscrit",
                                            "Consentement",
                                            "Consentement RGPD",
                                            "RGPD",
                                            "Accord",
                                            "Refus",
                                            "Opposition",
                                            "Plainte",
                                            "Infolettre",
                                            "Baja",
                                            "Fecha de baja",
                                            "Dado de baja",
                                            "Suscrito",
                                            "Suscripción",
                                            "Permiso",
                                            "Consentimiento",
                                            "Acepta publicidad",
                                            "Boletín",
                                            "Autorización",
                                            "Iscritto",
                                            "Disiscritto",
                                            "Cancellato",
                                            "Consenso",
                                            "Consenso marketing",
                                            "Descadastrado",
                                            "Inscrito",
                                            "Aceita receber",
                                            "Afgemeld",
                                            "Uitgeschreven",
                                            "Ingeschreven",
                                            "Toestemming",
                                            "Nieuwsbrief",
                                            "Samtykke",
                                            "Samtycke",
                                            "Avregistrerad",
                                            "Avmeldt",
                                            "Tilmeldt",
                                            "Nyhedsbrev",
                                            "Zgoda",
                                            "Zgoda marketingowa",
                                            "Wypisany",
                                            "Rezygnacja",
                                            "Souhlas",
                                            "Odhlášen",
                                            "Suostumus",
                                            "Hozzájárulás",
                                            "Leiratkozott",
                                            "İzin",
                                            "Onay",
                                            "Подписан",
                                            "Отписан",
                                            "Согласие",
                                            "Рассылка",
                                            "購読",
                                            "配信停止",
                                            "退订",
                                            "订阅"};

TEST(VendorColumns, LookAsIfTheySaidWhoMayBeMailed) {
    const column_rules rules;
    for (const std::string& name : vendor_names) {
        const field found = rules.find(name);
        EXPECT_TRUE(found == field::suspicious || found == field::inverted_state || found == field::state) << name;
    }
}

// Of each name and whatever stands there, nobody is subscribed but by a status that says so, and not beside it either.
TEST(VendorColumns, NeverSubscribeAnybody) {
    const std::vector<std::string> values{
        "",  "1",  "0",          "yes",          "no",     "true", "FALSE", "Y", "2026-02-03 04:05:06",
        "x", "-1", "subscribed", "Unsubscribed", "opt-in", "ja",   "oui",   "✓"};
    for (const std::string& name : vendor_names) {
        const field found = column_rules().find(name);
        if (found == field::state) continue;  // its words are read as such
        for (const std::string& value : values) {
            SCOPED_TRACE(name + " = " + value);
            for (const status_state state : {status_state::subscribed, status_state::not_specified}) {
                const read_settings settings = with_default(state);
                EXPECT_NE(read_text("email,\"" + name + "\"\na@b.com," + value + "\n", "x.csv", settings).refused, "");
                EXPECT_NE(read_text("\"" + name + "\";email\n" + value + ";a@b.com\n", "x.csv", settings).refused, "");
                const reading late =
                    read_text("{\"email\":\"a@b.com\"}\n{\"email\":\"b@b.com\",\"" + name + "\":\"" + value + "\"}\n",
                              "x.ndjson", settings);
                EXPECT_TRUE(late.rows.empty());
                EXPECT_NE(late.refused, "");
            }
            const reading beside = read_text(
                "email,status,\"" + name + "\"\na@b.com,subscribed," + value + "\nb@b.com,unsubscribed," + value + "\n",
                "x.csv", with_default());
            ASSERT_EQ(beside.rows.size(), 2U) << beside.refused;
            if (!value.empty() && found == field::suspicious) {
                EXPECT_EQ(beside.fault(0), "contradicting_status") << beside.message(0);
            }
            EXPECT_EQ(beside.fault(1), "");
        }
    }
}

TEST(VendorColumns, TheOwnerIsToldTheNameAndTheLineThatSettlesIt) {
    const std::string file = "email,Email Opt Out,Notes\nann@example.com,1,vip\n";
    EXPECT_THAT(read_text(file, "x.csv", with_default()).refused,
                AllOf(HasSubstr("\"Email Opt Out\", \"Notes\""), HasSubstr("defaults.statusState"),
                      HasSubstr(R"("rules": { "ignore_columns": ["Email Opt Out", "Notes"] })")));
    const reading got = read_text(file, "x.csv", with_ignored(with_default(), {"email_opt_out", "NOTES"}));
    EXPECT_TRUE(got.whole());
    EXPECT_EQ(opt_ins(got), 1U);
    EXPECT_THAT(got.unknown, IsEmpty());
    const reading explicit_status = read_text("email,status,HasOptedOutOfEmail\na@b.com,subscribed,1\n", "x.csv",
                                              with_ignored(with_subscription(), {"HasOptedOutOfEmail"}));
    EXPECT_EQ(opt_ins(explicit_status), 1U);
}

TEST(OtherColumns, OfPlainlySomethingElseKeepADefaultFromNothing) {
    for (const std::string name : {"First Name",
                                   "lastName",
                                   "FIRSTNAME",
                                   "Company",
                                   "Company Name",
                                   "Mobile Phone",
                                   "phone_number",
                                   "Job Title",
                                   "Date of Birth",
                                   "birthday",
                                   "Street Address 2",
                                   "Billing City",
                                   "Postal Code",
                                   "Country",
                                   "Language",
                                   "Time Zone",
                                   "Customer ID",
                                   "customerId",
                                   "contact_uuid",
                                   "Record ID",
                                   "Customer Number",
                                   "Mailing City",
                                   "created_at",
                                   "Vorname",
                                   "Straße",
                                   "PLZ",
                                   "Geburtsdatum",
                                   "Prénom",
                                   "Code postal",
                                   "Apellidos",
                                   "Teléfono",
                                   "Città",
                                   "Voornaam",
                                   "SubscriberKey",
                                   "subscription_name",
                                   "'Name'",
                                   "LATITUDE",
                                   "tags",
                                   "Customer Tags",
                                   "Contact owner",
                                   "HubSpot Owner ID",
                                   "State/Province",
                                   "State/Region",
                                   "Billing State",
                                   "Mailing State/Province",
                                   "source",
                                   "Lead Source",
                                   "Original Source",
                                   "utm_source",
                                   "Signup Date",
                                   "signed_up_at",
                                   "updated_at",
                                   "Last Modified Date",
                                   "Create Date",
                                   "Last Activity Date",
                                   "Associated Company",
                                   "Default Address City",
                                   "Default Address Province Code",
                                   "Total Orders",
                                   "Created by",
                                   "Last Modified By"}) {
        const reading got = read_text("email," + name + "\na@b.com,x\n", "x.csv", with_default());
        EXPECT_EQ(got.refused, "") << name;
        EXPECT_EQ(opt_ins(got), 1U) << name;
    }
    for (const std::string name : {"Notes",
                                   "event",
                                   "type",
                                   "Member",
                                   "Tag status",
                                   "Owner status",
                                   "signup",
                                   "Signup",
                                   "State of consent",
                                   "Account State",
                                   "Contact State",
                                   "Signup state",
                                   "resource",
                                   "Source status",
                                   "utm_campaign",
                                   "default",
                                   "total",
                                   "Contact",
                                   "flag",
                                   "Work Email",
                                   "List ID",
                                   "reason",
                                   "Consent First Name",
                                   "Marketing City",
                                   "Unsubscribe URL",
                                   "code",
                                   "no",
                                   ""})
        EXPECT_NE(read_text("email," + name + "\na@b.com,x\n", "x.csv", with_default()).refused, "") << name;
}

// Among labels one word is enough to say that somebody must not be mailed.
TEST(OtherColumns, OfLabelsAreLookedThrough) {
    const std::vector<std::string> asking{"unsubscribed",
                                          "vip; unsubscribed",
                                          "vip, do-not-email",
                                          "Newsletter|Unsubscribed",
                                          "imported (opted out)",
                                          "hard bounce",
                                          "DNC",
                                          "vip,abgemeldet",
                                          "opt-out-2024",
                                          "no marketing",
                                          "deceased"};
    for (const std::string name : {"Tags", "source", "Lead Source"}) {
        for (const std::string& labels : asking) {
            const reading csv =
                read_text("email," + std::string(name) + "\na@b.com,\"" + labels + "\"\nb@b.com,\"vip, newsletter\"\n",
                          "x.csv", with_default());
            ASSERT_EQ(csv.rows.size(), 2U) << csv.refused;
            EXPECT_EQ(csv.fault(0) + "," + csv.fault(1), "contradicting_status,") << name << ": " << labels;
            std::string lines;
            for (int i = 0; i < 10; ++i)  // also where rows are read by the shape of those before
                lines += "{\"email\":\"p" + std::to_string(i) + "@b.com\",\"status\":\"subscribed\",\"" + name + "\":" +
                         (i < 8    ? "\"" + (i % 2 == 0 ? labels : "vip") + "\""
                          : i == 8 ? "[\"" + labels + "\"]"
                                   : "[\"vip\"]") +
                         "}\n";
            EXPECT_EQ(opt_ins(read_text(lines, "x.ndjson", with_subscription())), 5U) << name << ": " << labels;
        }
        const reading ignored = read_text("email," + std::string(name) + "\na@b.com,unsubscribed\n", "x.csv",
                                          with_ignored(with_default(), {name}));
        EXPECT_EQ(opt_ins(ignored), 1U);
    }
}

// The numbers that a program puts before each row stand below no name, as a flag or a code for a status may.
TEST(OtherColumns, WithoutANameMayNumberTheRows) {
    const auto read = [](const std::vector<std::string>& numbers) {
        std::string content = ",email\n";
        for (const std::string& number : numbers)
            content += number + ",p" + std::to_string(content.size()) + "@b.com\n";
        return read_text(content, "x.csv", with_default());
    };
    for (const std::vector<std::string>& numbers : {std::vector<std::string>{"0", "1", "2", "3", "4"},
                                                    {"1", "2", "3", "4", "5", "6"},
                                                    {"0", "3", "4", "17", "18"}})
        EXPECT_EQ(opt_ins(read(numbers)), numbers.size()) << numbers[1];
    for (const std::vector<std::string>& numbers : {std::vector<std::string>{"0", "1", "2", "3"},
                                                    {"0", "1", "0", "1", "0", "1"},
                                                    {"1", "1", "1", "1", "1", "1"},
                                                    {"0", "1", "2", "3", "4", ""},
                                                    {"0", "1", "2", "3", "4", "x"},
                                                    {"", "", "", "", ""},
                                                    {"5", "6", "7", "8", "9"},
                                                    {"0", "1", "2", "3", "4", "4"},
                                                    {"4", "3", "2", "1", "0"}})
        EXPECT_THAT(read(numbers).refused, HasSubstr("\"column 1\""));
    EXPECT_NE(
        read_text(",email,flag\n0,a@b.com,\n1,b@b.com,\n2,c@b.com,\n3,d@b.com,\n4,e@b.com,\n", "x.csv", with_default())
            .refused,
        "");
}

TEST(OtherColumns, ADefaultOptOutStandsWhateverTheyAre) {
    const reading got =
        read_text("email,Accepts Email Marketing\na@b.com,no\n", "x.csv", with_default(status_state::unsubscribed));
    ASSERT_TRUE(got.whole()) << got.refused;
    EXPECT_EQ(got[0].change.state, status_state::unsubscribed);
    EXPECT_THAT(got.suspicious, ElementsAre("Accepts Email Marketing"));
}

TEST(OtherColumns, AFileNamedAsOptOutsGetsNoDefaultOptIn) {
    for (const std::string name :
         {"unsubscribed.csv",  "Opt-Outs 2026.csv", "hard_bounces.csv", "suppression.csv",     "Abgemeldete.csv",
          "désinscrits.csv",   "unsubs.ndjson",     "do-not-email.csv", "no-mail.csv",         "nomail.csv",
          "DNM.csv",           "removed.csv",       "removals.csv",     "remove.csv",          "deleted.csv",
          "inactive.csv",      "stop.csv",          "STOP-list.csv",    "excluded.csv",        "exclusion-list.csv",
          "quarantine.csv",    "declined.csv",      "refused.csv",      "cancelled.csv",       "churned.csv",
          "left.csv",          "leavers.csv",       "abuse.csv",        "never.csv",           "not-interested.csv",
          "gdpr-requests.csv", "erasure.csv",       "forget.csv",       "Abbestellungen.csv",  "Sperrliste.csv",
          "cancelaciones.csv", "disiscritti.csv",   "afmeldingen.csv",  "uitschrijvingen.csv", "avregistrerade.csv",
          "wypisani.csv",      "отписки.csv",       "退订.csv",         "配信停止.csv"}) {
        const bool csv = name.ends_with(".csv");
        const std::string content = csv ? "email\na@b.com\n" : "{\"email\":\"a@b.com\"}\n";
        EXPECT_THAT(read_text(content, name, with_default()).refused, HasSubstr("the name of the file")) << name;
        EXPECT_EQ(read_text(content, name, with_default(status_state::unsubscribed)).refused, "") << name;
    }
    for (const std::string name : {"people.csv", "customers 2026-11-30.csv", "newsletter.csv", "opt-ins.csv",
                                   "contacts_new.csv", "subscribed_members_export.csv", "Kundennummern.csv", "x.csv"})
        EXPECT_EQ(read_text("email\na@b.com\n", name, with_default()).refused, "") << name;
    EXPECT_EQ(read_text("email,status\na@b.com,yes\n", "unsubscribed.csv", with_default()).refused, "");
}

TEST(OtherMembers, CountWhereverTheyStand) {
    const std::string plain = R"({"email":"a@b.com"})";
    for (const std::string member : {R"("event":"unsubscribe")", R"("optedOut":null)", R"("profile":{"unsub":true})",
                                     R"("lists":["news"])", R"("a":{"b":{"c":[{"consent":"no"}]}})", R"("_id":{"x":1})",
                                     R"("opt_out":1)", R"("name":{"status":"out"})"}) {
        const std::string odd = R"({"email":"b@b.com",)" + member + "}";
        SCOPED_TRACE(member);
        EXPECT_NE(read_text(odd, "x.ndjson", with_default()).refused, "");
        EXPECT_NE(read_text(plain + "\n" + odd + "\n", "x.ndjson", with_default()).refused, "");
        EXPECT_NE(read_text("[" + plain + "," + odd + "]", "x.json", with_default()).refused, "");
        EXPECT_NE(read_text("{\"inputs\":[" + plain + "]," + member + "}", "x.json", with_default()).refused, "");
        EXPECT_NE(read_text("{" + member + ",\"inputs\":[" + plain + "]}", "x.json", with_default()).refused, "");
    }
    EXPECT_EQ(read_text(R"({"email":"a@b.com","_id":{"$oid":"1"},"name":"A"})", "x.ndjson", with_default()).refused,
              "");
}

// Rows with a status of their own are not sent as opt-ins where what stands beside them says the opposite of all of
// them.
TEST(MembersBesideTheRows, ThatAskForAnOptOutContradict) {
    const std::string rows =
        R"("inputs":[{"email":"a@b.com","status":"subscribed"},{"email":"b@b.com","status":"unsubscribed"}])";
    const auto check = [&](const std::string& member, std::size_t expected, const read_settings& settings) {
        for (const std::string& content : {"{" + member + "," + rows + "}", "{" + rows + "," + member + "}",
                                           "{ " + rows + " ,\n " + member + "\n}\n"}) {
            const reading got = read_text(content, "x.json", settings);
            ASSERT_EQ(got.rows.size(), 2U) << content << got.refused;
            EXPECT_EQ(opt_ins(got), expected) << content;
            EXPECT_EQ(got.fault(1), "") << "an opt-out is sent whatever stands beside it: " << content;
            EXPECT_EQ(got.fault(0), expected == 0 ? "contradicting_status" : "");
            EXPECT_EQ(opt_ins(read_text(gzip(content), "x.json.gz", settings)), expected) << content;
        }
    };
    for (const std::string member : {R"("unsubscribed":true)",
                                     R"("unsubscribed":"x")",
                                     R"("opt_out":1)",
                                     R"("status":"UNSUBSCRIBED")",
                                     R"("subscribed":false)",
                                     R"("opt_in":"no")",
                                     R"("status":"abgemeldet")",
                                     R"("event":"unsubscribe")",
                                     R"("event":"contact.unsubscribed")",
                                     R"("type":"hard_bounce")",
                                     R"("meta":{"action":"opt-out"})",
                                     R"("meta":{"unsubscribed":true})",
                                     R"("meta":{"list":{"status":"unsubscribed"}})",
                                     R"("tags":["x","unsubscribed"])",
                                     R"("events":[{"type":"unsubscribe"}])",
                                     R"("marketing_consent":"no")",
                                     R"("unsub\u0073cribed":true)",
                                     R"("name":"unsubscribed people")",
                                     R"("list":"Suppression list")",
                                     R"("broken":tru)"})
        check(member, 0, with_subscription());
    for (const std::string member :
         {R"("unsubscribed":false)", R"("opt_out":null)", R"("status":"COMPLETE")", R"("subscribed":true)",
          R"("exported_at":"2026-01-01")", R"("meta":{"total":2,"pages":[1,2]})", R"("marketing_consent":"")",
          R"("errors":[])", R"("name":"people")"})
        check(member, 1, with_subscription());
    check(R"("event":"unsubscribe")", 1, with_ignored(with_subscription(), {"event"}));
    check(R"("meta":{"unsubscribed":true})", 1, with_ignored(with_subscription(), {"meta"}));
    EXPECT_THAT(read_text("{" + rows + R"(,"unsubscribed":true})", "x.json", with_subscription()).message(0),
                AllOf(HasSubstr("\"unsubscribed\""), HasSubstr("ignore_columns")));
}

// Also where the file is too large for a look at its last bytes to reach its first ones, and for a reader that goes on.
TEST(MembersBesideTheRows, AreFoundBehindALongArray) {
    const base::temp_folder folder;
    const std::string path = folder.path() + "/x.json";
    std::string rows;
    for (int i = 0; i < 40'000; ++i)
        rows += (i == 0 ? "" : ",") + (R"({"email":"p)" + std::to_string(i)) + R"(@b.com","status":"subscribed"})";
    for (const std::string behind :
         {"", ",\"total\":1", ",\"unsubscribed\":true", ",\"log\":[{\"event\":\"unsubscribe\"}]"}) {
        const std::string content = "{\"inputs\":[" + rows + "]" + behind + "}";
        std::ofstream(path, std::ios::binary) << content;
        const bool asks = behind.find("unsub") != std::string::npos;
        auto reader = file_reader::open(path, "x.json", with_subscription());
        ASSERT_TRUE(reader);
        std::vector<row> some;
        reader->next(some, 10);
        EXPECT_EQ(some.front().fault.has_value(), asks) << behind;
        auto later = file_reader::open(path, "x.json", with_subscription(), reader->position());
        ASSERT_TRUE(later);
        reading rest;
        read_on(*later, rest);
        EXPECT_TRUE(rest.whole());
        EXPECT_EQ(opt_ins(rest), asks ? 0U : 39'990U) << behind;
    }
}

TEST(OtherMembers, ComeLateInALongFile) {
    std::string content;
    for (int i = 0; i < 20'000; ++i) content += "{\"email\":\"a" + std::to_string(i) + "@b.com\"}\n";
    EXPECT_EQ(opt_ins(read_text(content, "x.ndjson", with_default())), 20'000U);
    content += "{\"email\":\"z@b.com\",\"unsubscribed\":true}\n";
    const reading got = read_text(content, "x.ndjson", with_default());
    EXPECT_THAT(got.refused, HasSubstr("\"unsubscribed\""));
    EXPECT_TRUE(got.rows.empty());
    EXPECT_THAT(read_text(gzip(content), "x.ndjson.gz", with_default()).refused, HasSubstr("\"unsubscribed\""));
}

TEST(OtherMembers, BelowOthersAreIgnoredByTheirPath) {
    const std::string row = R"({"email":"a@b.com","profile":{"vip":true,"tags":["x"],"plan":{"level":3}}})";
    EXPECT_THAT(read_text(row, "x.ndjson", with_default()).refused, HasSubstr("\"profile.plan.level\""));
    EXPECT_EQ(read_text(row, "x.ndjson", with_ignored(with_default(), {"profile"})).refused, "");
    EXPECT_THAT(read_text(row, "x.ndjson", with_ignored(with_default(), {"profile.vip"})).refused,
                HasSubstr("profile"));
}

TEST(OtherMembers, ThatLookLikeConsentMakeARowDoubtful) {
    const std::string start = R"({"email":"a@b.com","status":"subscribed",)";
    for (const std::string member :
         {R"("isUnsubscribed":true)", R"("isUnsubscribed":false)", R"("unsub_time":"2026-01-01")",
          R"("consents":["x"])", R"("consents":{"email":0})", R"("p":{"opt_out":"1"})", R"("x":{"opts":[1.5]})"})
        for (const std::string before : {"", "{\"email\":\"z@b.com\",\"status\":\"no\"}\n"}) {
            const reading got = read_text(before + start + member + "}", "x.ndjson", with_subscription());
            EXPECT_EQ(got.fault(got.rows.size() - 1), "contradicting_status") << member;
        }
    for (const std::string member :
         {R"("isUnsubscribed":null)", R"("unsub_time":"")", R"("consents":[])", R"("consents":{})", R"("vip":true)"})
        EXPECT_EQ(opt_ins(read_text(start + member + "}", "x.ndjson", with_subscription())), 1U) << member;
    // Rows that are alike are read another way.
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += R"({"email":"a)" + std::to_string(i) + R"(@b.com","status":"subscribed","unsub_time":")" +
                (i % 10 == 9 ? "2026" : "") + "\"}\n";
    EXPECT_EQ(opt_ins(read_text(many, "x.ndjson", with_subscription())), 90U);
}

TEST(OtherMembers, OfSeveralOptOutsTheOneThatContradictsCounts) {
    for (const std::string members : {R"("opt_out":1,"unsubscribed":0)", R"("opt_out":0,"unsubscribed":true)"}) {
        std::string rows;
        for (int i = 0; i < 3; ++i) rows += R"({"email":"a@b.com","status":"yes",)" + members + "}\n";
        EXPECT_EQ(opt_ins(read_text(rows, "x.ndjson", with_subscription())), 0U) << members;
    }
    const reading csv =
        read_text("email,opt_out,status,unsubscribed\na@b.com,1,yes,0\nb@b.com,0,yes,1\nc@b.com,0,yes,0\n", "x.csv",
                  with_subscription());
    EXPECT_EQ(csv.fault(0) + "," + csv.fault(1) + "," + csv.fault(2), "contradicting_status,contradicting_status,");
}

// What only a failed file has is anybody's word in another file: a mail validator writes a verdict, too.
TEST(OtherColumns, OfAReportAreKnownInAFailedFileOnly) {
    for (const char* name : {"verdict", "category", "message", "Correlation-ID"}) {
        const reading csv =
            read_text(std::string("email,") + name + "\nann@example.com,do_not_mail\n", "x.csv", with_default());
        EXPECT_EQ(opt_ins(csv), 0u) << name;
        const reading json =
            read_text(std::string("{\"email\":\"ann@example.com\",\"") + name + "\":\"do_not_mail\"}\n", "x.ndjson",
                      with_default());
        EXPECT_EQ(opt_ins(json), 0u) << name;
    }
    const reading again = read_text(
        "email,change_id,verdict,category,message,correlation_id\nann@example.com,,a,b,c,d\n", "x.csv", with_default());
    EXPECT_EQ(opt_ins(again), 1u);
    const reading again_json =
        read_text("{\"email\":\"ann@example.com\",\"change_id\":null,\"verdict\":\"a\",\"message\":\"b\"}\n",
                  "x.ndjson", with_default());
    EXPECT_EQ(opt_ins(again_json), 1u);
}

// Whatever the column is called: a value that asks for an opt-out contradicts SUBSCRIBED.
TEST(OtherColumns, WithAValueThatIsAnOptOutContradict) {
    for (const char* word : {"unsubscribed", "Unsubscribe", "opt-out", "OPTED_OUT", "'unsubscribed'"})
        for (const char* name : {"event", "type", "title", "Email Status", "name", "verdict", ""}) {
            const reading csv =
                read_text(std::string("email,status,") + name + "\nann@example.com,subscribed," + word +
                              "\nbob@example.com,subscribed,x\nann@example.com,unsubscribed," + word + "\n",
                          "x.csv", with_subscription());
            ASSERT_EQ(csv.rows.size(), 3u) << name;
            EXPECT_EQ(opt_ins(csv), 1u) << name << ": " << word;
            EXPECT_FALSE(csv.rows[2].fault) << "an opt-out is sent whatever stands beside it";
            std::string lines;
            for (int i = 0; i < 20; ++i)  // also where rows are read by the shape of those before
                lines += std::string("{\"email\":\"p") + std::to_string(i) +
                         "@example.com\",\"status\":\"subscribed\",\"" + name + "\":\"" + (i % 2 == 0 ? word : "x") +
                         "\"}\n";
            const reading json = read_text(lines, "x.ndjson", with_subscription());
            ASSERT_EQ(json.rows.size(), 20u);
            EXPECT_EQ(opt_ins(json), 10u) << name << ": " << word;
        }
    const reading nested = read_text(
        "{\"email\":\"ann@example.com\",\"status\":\"subscribed\",\"flags\":[\"vip\",\"unsubscribed\"]}\n"
        "{\"email\":\"bob@example.com\",\"status\":\"subscribed\",\"last\":{\"event\":\"unsubscribe\"}}\n",
        "x.ndjson", with_subscription());
    EXPECT_EQ(opt_ins(nested), 0u);
    const reading ignored = read_text("email,status,event\nann@example.com,subscribed,unsubscribe\n", "x.csv",
                                      with_ignored(with_subscription(), {"event"}));
    EXPECT_EQ(opt_ins(ignored), 1u) << "the owner said that it means nothing";
}

TEST(OtherColumns, ThatSayInOtherWordsThatSomebodyLeftAreDoubtful) {
    for (const char* name :
         {"DND", "Deceased", "Inactive", "abbestellt am", "Kündigung", "Storno", "Austritt", "ne pas contacter",
          "disdetta", "niet mailen", "avanmäld", "отказ", "オプトアウト", "수신거부", "iptal"})
        EXPECT_TRUE(smells_of_consent(name)) << name;
}

TEST(State, IsAPlaceBesideAStatus) {
    const reading got =
        read_text("Email,City,State,Subscription Status\na@b.com,Austin,TX,unsubscribed\nb@b.com,Oslo,NO,subscribed\n",
                  "x.csv", with_subscription());
    ASSERT_TRUE(got.whole()) << got.refused;
    EXPECT_EQ(got[0].change.state, status_state::unsubscribed);
    EXPECT_EQ(got.fault(1), "");
    EXPECT_EQ(got[1].change.state, status_state::subscribed);
    EXPECT_THAT(got.unknown, testing::Contains("State"));
    const reading at_odds = read_text("email,state,status\na@b.com,unsubscribed,yes\n", "x.csv", with_subscription());
    EXPECT_EQ(at_odds.fault(0), "contradicting_status");
}

TEST(State, AloneIsReadInFullWordsOnly) {
    for (const std::string place : {"NO", "1", "0", "TX", "yes", "N", "true", ""}) {
        const reading csv = read_text("email,State\na@b.com," + place + "\n", "x.csv", with_default());
        EXPECT_EQ(csv.rows.empty() ? csv.refused : csv.fault(0), place.empty() ? "missing_status" : "invalid_status")
            << place;
        const reading json =
            read_text("{\"email\":\"a@b.com\",\"state\":\"" + place + "\"}", "x.ndjson", with_default());
        EXPECT_EQ(opt_ins(json), 0U) << place;
    }
    const reading words =
        read_text("email,state\na@b.com,UNSUBSCRIBED\nb@b.com,opt-in\n", "x.csv", with_subscription());
    EXPECT_EQ(words[0].change.state, status_state::unsubscribed);
    EXPECT_EQ(words[1].change.state, status_state::subscribed);
    EXPECT_EQ(words.fault(1), "");
}

TEST(Numbers, AreAStatusOnlyWhereThereAreNoOthers) {
    for (const std::string odd : {"2", "-1", "3", "-0.5", "10", "- 1", "1-", "_1", "(1)", "99", "1e3"}) {
        for (const bool last : {true, false}) {
            const std::string rows = "a@b.com,1\nb@b.com,0\n";
            const std::string other = "z@b.com," + odd + "\n";
            const reading got =
                read_text("email,status\n" + (last ? rows + other : other + rows), "x.csv", with_subscription());
            ASSERT_EQ(got.rows.size(), 3U);
            for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(got.fault(i), "invalid_status") << odd << " row " << i;
        }
        const reading json =
            read_text("{\"email\":\"a@b.com\",\"status\":1}\n{\"email\":\"b@b.com\",\"status\":\"" + odd + "\"}\n",
                      "x.ndjson", with_subscription());
        EXPECT_EQ(opt_ins(json), 0U) << odd;
    }
    for (const std::string odd : {"2", "-1", "2.5", "1e300", "18446744073709551615"})
        EXPECT_EQ(
            opt_ins(read_text("[{\"email\":\"a@b.com\",\"status\":1},{\"email\":\"b@b.com\",\"status\":" + odd + "}]",
                              "x.json", with_subscription())),
            0U)
            << odd;
    const reading plain = read_text("email,status\na@b.com,1\nb@b.com,0\nc@b.com,yes\nd@b.com,1.0\ne@b.com,\n", "x.csv",
                                    with_subscription());
    EXPECT_EQ(plain[0].change.state, status_state::subscribed);
    EXPECT_EQ(plain[1].change.state, status_state::unsubscribed);
    EXPECT_EQ(plain.fault(0) + plain.fault(1) + plain.fault(2), "");
    EXPECT_EQ(plain.fault(3), "invalid_status");
    // Words stay words.
    EXPECT_EQ(opt_ins(read_text("email,status\na@b.com,yes\nb@b.com,2\n", "x.csv", with_subscription())), 1U);
}

TEST(Numbers, AreFoundAlsoByAReaderThatGoesOn) {
    std::string content = "email,status\n";
    for (int i = 0; i < 100; ++i) content += "a" + std::to_string(i) + "@b.com," + (i == 3 ? "7" : "1") + "\n";
    auto first = open_text(content, "x.csv", with_subscription());
    ASSERT_TRUE(first);
    std::vector<row> rows;
    first->next(rows, 50);
    auto later = open_text(content, "x.csv", with_subscription(), 1 << 20, first->position());
    ASSERT_TRUE(later);
    reading rest;
    read_on(*later, rest);
    EXPECT_EQ(rest.rows.size(), 50U);
    EXPECT_EQ(opt_ins(rest), 0U);
}

TEST(Words, WithDashesAtTheirEndsAreNone) {
    for (const std::string word :
         {"-1", "_1", "1-", "- 1", "1_", "-yes", "yes-", "_true", "-subscribed", "0-", "--1", "+1", "1 1"})
        EXPECT_FALSE(read_status_state(word)) << word;
    for (const std::string word : {"opt-in", "Opt In", "OPTED_IN", "un-subscribed", "1", "0"})
        EXPECT_TRUE(read_status_state(word)) << word;
}

TEST(JoinedFiles, TheSameHeaderIsPassedAndTold) {
    for (const std::string again : {"email,subscription_id,status", "EMAIL,Subscription ID,Status",
                                    "\"email\",\"subscription_id\",\"status\"", "  email , subscription_id,status ",
                                    "\xEF\xBB\xBF"
                                    "email,subscription_id,status",
                                    "'email,'subscription_id,'status", "E-Mail,subscriptionId,STATUS"}) {
        const reading got =
            read_text("email,subscription_id,status\na@b.com,7,no\n" + again + "\nb@b.com,7,no\n", "x.csv");
        EXPECT_TRUE(got.whole());
        ASSERT_EQ(got.rows.size(), 2U) << again;
        EXPECT_EQ(got[1].change.subscriber, "b@b.com");
        EXPECT_EQ(got[1].number, 2U);
        EXPECT_THAT(got.notes, ElementsAre(HasSubstr("line 3"))) << again;
    }
}

TEST(JoinedFiles, AnotherHeaderEndsTheReading) {
    for (const std::string other :
         {"email,opt_out", "email,unsubscribed", "E-Mail;opt_out", "opt_out,email", "Email Address,First Name,opt_out",
          "\xEF\xBB\xBF"
          "email,opt_out",
          "'email','opt_out'", "courriel,désinscrit", "correo,baja", "kunde,abgemeldet", "mail", "Unsubscribed people,",
          "opt-outs:,", "status,email"}) {
        const reading got =
            read_text("email,opt_in\na@b.com,1\n" + other + "\nb@b.com,1\n", "x.csv", with_subscription());
        ASSERT_EQ(got.rows.size(), 1U) << other;
        EXPECT_EQ(got.end.at, read_result::state::broke_off) << other;
        EXPECT_THAT(got.end.reason.message, HasSubstr("line 3")) << other;
    }
    // One column, and a default that would take whatever comes.
    const reading list = read_text("email\na@b.com\nUnsubscribed:\nb@b.com\n", "x.csv", with_default());
    EXPECT_EQ(list.rows.size(), 1U);
    EXPECT_EQ(list.end.at, read_result::state::broke_off);
}

TEST(JoinedFiles, AHeaderThatNamesNoAddressEndsTheReadingToo) {
    for (const char* header : {"Name,Status", "First Name,Consent", "opt_out,State"}) {
        const reading got =
            read_text(std::string("email,opt_in\nbob@example.com,1\n") + header + "\nann@example.com,1\n", "x.csv",
                      with_subscription());
        EXPECT_EQ(opt_ins(got), 1u) << header;
    }
}

// In any language, and with what programs put around names: nobody behind such a line is subscribed by position.
TEST(JoinedFiles, AHeaderThatNobodyKnowsEndsTheReading) {
    for (const std::string other : {"#email,opt_out",
                                    "# email,opt_out",
                                    "=\"email\",=\"opt_out\"",
                                    "\"=\"\"email\"\"\",\"=\"\"opt_out\"\"\"",
                                    "[email],[flag]",
                                    "e-mail:,flag:",
                                    "* Mail,Opt out",
                                    "contact.email,contact.flag",
                                    "0,1",
                                    "Kontakt,Abbestellt",
                                    "User,Flag",
                                    "USER,OUT",
                                    "Kunde,Merker",
                                    "Usuario,Marca",
                                    "Ηλεκτρονικό ταχυδρομείο,Διαγραφή",
                                    "Почта,Отказ",
                                    "Адрес,Признак",
                                    "邮箱,状态",
                                    "电子邮件,退",
                                    "メール,フラグ",
                                    "이메일,표시",
                                    "البريد,علامة",
                                    "Recipient,Value",
                                    "email\",flag"}) {
        const reading status =
            read_text("email,opt_in\na@b.com,1\n" + other + "\nb@b.com,1\nc@b.com,yes\n", "x.csv", with_subscription());
        EXPECT_EQ(opt_ins(status), 1U) << other;
        EXPECT_EQ(status.end.at, read_result::state::broke_off) << other;
        const reading by_default =
            read_text("email,city\na@b.com,Ulm\n" + other + "\nb@b.com,1\nc@b.com,yes\n", "x.csv", with_default());
        EXPECT_EQ(opt_ins(by_default), 1U) << other;
        EXPECT_EQ(by_default.end.at, read_result::state::broke_off) << other;
        EXPECT_THAT(by_default.end.reason.message, HasSubstr("line 3")) << other;
        const reading glued =
            read_text("email,city\na@b.com,Ulm\nx@b.com,Bonn" + other + "\nb@b.com,1\n", "x.csv", with_default());
        if (other != "0,1" && other != "contact.email,contact.flag" && other != "e-mail:,flag:" &&
            other != "email\",flag") {
            EXPECT_EQ(opt_ins(glued), 1U) << other;
        }
        const reading glued_status =
            read_text("email,opt_in\na@b.com,1\nx@b.com,0" + other + "\nb@b.com,1\n", "x.csv", with_subscription());
        if (other != "0,1") {
            EXPECT_EQ(opt_ins(glued_status), 1U) << other;
        }
    }
    EXPECT_EQ(opt_ins(read_text("email,name,city\na@b.com,A,Ulm\nx@b.com,X,Bonnwho,what,flag\nb@b.com,B,1\n", "x.csv",
                                with_default())),
              1U);
    // An opt-out word may be a status, or a name behind which 1 means the opposite.
    EXPECT_EQ(opt_ins(read_text("email,opt_in\na@b.com,1\nPerson,opt_out\nb@b.com,1\n", "x.csv", with_subscription())),
              1U);
}

// The last line of a file may have no end, and the next file's header begins behind it.
TEST(JoinedFiles, AHeaderBehindALastRowWithoutALineEndEndsTheReading) {
    for (const std::string second : {"email,opt_out", "status,email", "E-Mail,subscription_id,opt_out",
                                     "\xEF\xBB\xBF"
                                     "email,opt_out"}) {
        const reading got =
            read_text("email,opt_in\nbob@example.com,1\nx@example.com,1" + second + "\nann@example.com,1\n", "x.csv",
                      with_subscription());
        EXPECT_EQ(opt_ins(got), 1u) << second;
        EXPECT_EQ(got.end.at, read_result::state::broke_off) << second;
    }
    const reading list =
        read_text("email\nbob@example.com\nx@example.comemail\nann@example.com\n", "x.csv", with_default());
    EXPECT_EQ(opt_ins(list), 1u);
    EXPECT_EQ(list.end.at, read_result::state::broke_off);
    EXPECT_EQ(opt_ins(read_text("email\nann@my.email\nbob@example.com\n", "x.csv", with_default())), 2u);
    const reading wide =
        read_text("email,status\nann@example.com,yes,EMAIL\nbob@example.com,yes\n", "x.csv", with_subscription());
    EXPECT_EQ(wide.end.at, read_result::state::end_of_file) << "a cell too many is one bad row";
}

TEST(JoinedFiles, ARowThatIsWrongIsNotAHeader) {
    for (const std::string bad :
         {",7,opt-out,EMAIL", "n/a,7,opt-out,EMAIL", "no email,7,opt-out,", "ann.example.com,,opt-out,", "unknown,,no,",
          ",,opt-out,EMAIL", "none,,subscribed,EMAIL", "ann(at)example.com,,no,"}) {
        const reading got =
            read_text("email,subscription_id,status,channel\na@b.com,7,no,\n" + bad + "\nb@b.com,7,no,\n", "x.csv");
        EXPECT_TRUE(got.whole()) << bad;
        EXPECT_EQ(got.rows.size(), 3U) << bad;
    }
}

TEST(JoinedFiles, ABadAddressCostsOneRow) {
    for (const std::string bad :
         {"n/a", "none", "no address", "not-an-address", "annexample.com", "ann.one@", "ann(at)example.com",
          "ann at example.com", "unknown", "invalid", "-", "?", "ann2", "NULL", ""}) {
        const reading by_default =
            read_text("email,city\na@b.com,Ulm\n" + bad + ",Ulm\nb@b.com,Ulm\n", "x.csv", with_default());
        EXPECT_TRUE(by_default.whole()) << bad;
        EXPECT_EQ(opt_ins(by_default), 2U) << bad;
        const reading list = read_text("email\na@b.com\n" + bad + "\nb@b.com\n", "x.csv", with_default());
        EXPECT_TRUE(list.whole()) << bad;
        EXPECT_EQ(opt_ins(list), 2U) << bad;
    }
    for (const std::string bad :
         {"nonsense,7,unsubscribed", "Ann,7,yes", "Ann,,subscribed", "Ann,7,", "Ann,,", "Ann,x,no"}) {
        const reading got =
            read_text("email,subscription_id,status\na@b.com,7,yes\n" + bad + "\nb@b.com,7,unsubscribed\n", "x.csv");
        EXPECT_TRUE(got.whole()) << bad;
        EXPECT_EQ(got.rows.size(), 3U) << bad;
    }
    // Cells too many.
    for (const std::string bad : {"x@b.com,Ulm,Germany", "x@b.com,Ulm, Germany", "x@b.com,New York,NY"})
        EXPECT_EQ(opt_ins(read_text("email,city\na@b.com,Ulm\n" + bad + "\nb@b.com,Ulm\n", "x.csv", with_default())),
                  2U)
            << bad;
    // A list of opt-outs is read to its end, whatever stands between its rows.
    EXPECT_TRUE(read_text("email,city\na@b.com,Ulm\nUser,Flag\nb@b.com,Ulm\n", "x.csv",
                          with_default(status_state::unsubscribed))
                    .whole());
}

TEST(JoinedFiles, ReadingThatGoesOnBehindAHeaderGivesTheSameRows) {
    std::string content = "email,status,subscription\n";
    for (int i = 0; i < 30; ++i)
        content += (i % 7 == 3 ? "email,status,subscription\n" : "") + ("a" + std::to_string(i)) + "@b.com,no,7\n";
    const reading all = read_text(content, "x.csv");
    ASSERT_EQ(all.rows.size(), 30U);
    for (std::size_t some = 1; some < 30; ++some) {
        auto first = open_text(content, "x.csv");
        std::vector<row> rows;
        first->next(rows, some);
        auto later = open_text(content, "x.csv", {}, 7, first->position());
        reading rest;
        read_on(*later, rest);
        ASSERT_EQ(rows.size() + rest.rows.size(), 30U);
        EXPECT_EQ(rest.rows.back().offset, all.rows.back().offset);
    }
}

TEST(Marks, AroundAValueAreTakenOffAndTold) {
    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{{"'", ""},
                                                                                        {"‘", "’"},
                                                                                        {"“", "”"},
                                                                                        {"„", "“"},
                                                                                        {"«", "»"},
                                                                                        {"`", "`"},
                                                                                        {"´", "´"},
                                                                                        {"''", ""},
                                                                                        {"' ", " '"},
                                                                                        {"‹", "›"},
                                                                                        {"’", "’"}}) {
        const auto mark = [&](const std::string& cell) { return before + cell + after; };
        const reading csv =
            read_text(mark("email") + ",status,subscription_id\n" + mark("ann@example.com") + "," + mark("opt-out") +
                          "," + mark("7") + "\n" + mark("+bob@example.com") + "," + mark("1") + ",8\n",
                      "x.csv");
        ASSERT_EQ(csv.rows.size(), 2U) << csv.refused;
        EXPECT_EQ(csv.message(0) + csv.message(1), "") << before;
        EXPECT_EQ(csv[0].change.subscriber, "ann@example.com");
        EXPECT_EQ(csv[0].change.state, status_state::unsubscribed);
        EXPECT_EQ(csv[0].change.subscription, 7);
        EXPECT_EQ(csv[1].change.subscriber, "+bob@example.com");
        EXPECT_THAT(csv.notes, ElementsAre(HasSubstr("2 rows"))) << before;
        const reading json =
            read_text("{\"email\":\"" + mark("ann@example.com") + "\",\"status\":\"" + mark("no") + "\"}", "x.ndjson",
                      with_subscription());
        EXPECT_EQ(json[0].change.subscriber, "ann@example.com");
        EXPECT_EQ(json.fault(0), "");
    }
    EXPECT_EQ(without_marks("\"ann@example.com\""), "ann@example.com");
    for (const std::string kept :
         {"pat.o'neil@example.com", "dan’o@example.com", "o`k@example.com", "ann@example.com", "", "jürgen", "ß"})
        EXPECT_EQ(without_marks(kept), kept);
    for (const std::string empty : {"'", "''", "“”", " ' ", "´"}) EXPECT_EQ(without_marks(empty), "");
    const reading inside = read_text("email,status,subscription\npat.o'neil@example.com,no,7\n", "x.csv");
    EXPECT_EQ(inside[0].change.subscriber, "pat.o'neil@example.com");
    EXPECT_THAT(inside.notes, IsEmpty());
}

// Columns with names made of words of consent, at random places, with random values, under every default: nobody is
// subscribed unless a status that is known says so, and nobody whom an opt-out column names.
TEST(RandomColumns, NeverSubscribeAnybody) {
    const std::vector<std::string> words{
        "opt",        "out",  "in",         "email",  "unsub",      "unsubscribed", "consent",  "marketing", "is",
        "has",        "date", "news",       "letter", "status",     "flag",         "suppress", "bounce",    "gdpr",
        "permission", "time", "abgemeldet", "baja",   "désinscrit", "not",          "do",       "contact"};
    const std::vector<std::string> joins{" ", "_", "-", "", ".", ": ", "/"};
    const std::vector<std::string> values{"",           "1", "0",  "yes", "no",         "true",        "false",
                                          "2026-01-01", "x", "-1", "2",   "subscribed", "unsubscribed"};
    const std::vector<std::string> states{"subscribed", "unsubscribed", "1", "0", "-1", "yes", "no", "", "maybe"};
    std::minstd_rand random(20'261'130);
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    std::size_t sent = 0;
    for (int round = 0; round < 4'000; ++round) {
        std::string name;
        for (auto count = 1 + random() % 4; count > 0; --count) {
            std::string word = pick(words);
            if (random() % 3 == 0 && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
            name += (name.empty() ? "" : pick(joins)) + word;
        }
        const bool with_status = random() % 2 == 0;
        const std::string status = pick(states);
        const std::string value = pick(values);
        const std::vector<std::string> columns = with_status ? std::vector<std::string>{"email", name, "statusState"}
                                                             : std::vector<std::string>{"email", name};
        const std::vector<std::string> cells{"a@b.com", value, status};
        std::vector<std::size_t> order(columns.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::shuffle(order.begin(), order.end(), random);
        std::string header, row_text, object;
        for (const std::size_t i : order) {
            header += (header.empty() ? "" : ",") + columns[i];
            row_text += (i == order.front() ? "" : ",") + cells[i];
            object += (object.empty() ? "{\"" : ",\"") + columns[i] + "\":\"" + cells[i] + "\"";
        }
        read_settings settings = with_subscription();
        if (const auto which = random() % 4; which < 3)
            settings.defaults.state = which == 0   ? status_state::subscribed
                                      : which == 1 ? status_state::not_specified
                                                   : status_state::unsubscribed;
        SCOPED_TRACE(header + " / " + row_text);
        const field meaning = column_rules().find(name);
        const bool own_name =
            meaning == field::state || meaning == field::state_or_place || meaning == field::subscriber;
        const auto said = [&](const std::string& by) {
            return read_status_state(by) == status_state::subscribed ||
                   read_status_state(by) == status_state::not_specified;
        };
        for (const reading& got : {read_text(header + "\n" + row_text + "\n", "x.csv", settings),
                                   read_text(object + "}\n", "x.ndjson", settings)}) {
            if (opt_ins(got) == 0) continue;
            ++sent;
            EXPECT_TRUE((with_status && said(status)) || (own_name && said(value)));
            if (meaning == field::inverted_state || meaning == field::suspicious) {
                EXPECT_TRUE(value.empty() || (meaning == field::inverted_state && is_plain_no(value)));
            }
        }
    }
    EXPECT_GT(sent, 50U);
}

using testing::ElementsAre;

TEST(ColumnWords, AreTheSameHoweverTheirAccentsAreWritten) {
    for (const char* name : {"D\u00E9sinscrit Le", "De\u0301sinscrit_le", "d\u00C9SINSCRIT-LE", "desinscritLe"})
        EXPECT_THAT(split_words(name), ElementsAre("desinscrit", "le")) << name;
    EXPECT_EQ(split_words("Odbe\u030Cr"), split_words("odb\u011Br"));
    EXPECT_TRUE(smells_of_consent("Abme\u0301ldung"));
    EXPECT_TRUE(names_opt_outs("De\u0301sabonne\u0301s.csv"));
}

}  // namespace
}  // namespace consent_sync::intake
