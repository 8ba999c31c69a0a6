#include "report/page_style.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstring>

namespace consent_sync::report {

const char* const page_style = R"css(
:root { --paper: #fbfbfa; --ink: #1d2125; --soft: #5c6670; --line: #dcdfe2; --card: #ffffff; --link: #0b5cad;
        --confirmed: #2e7d4f; --rejected: #c0362c; --invalid: #c77700; --superseded: #7a8794; --unconfirmed: #7b4fa3;
        --good: #e6f4eb; --bad: #fcebe9; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181b; --ink: #e6e8ea; --soft: #9aa4ad; --line: #31373c; --card: #1c2024; --link: #7ab8f5;
          --confirmed: #58b881; --rejected: #f0776d; --invalid: #e8a945; --superseded: #8f9ba6; --unconfirmed: #b48ede;
          --good: #173325; --bad: #3b1d1b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin-top: 1rem; }
p { margin: .5rem 0; }
.account, .facts, .note, .axis, footer { color: var(--soft); }
.account { margin: 0; font-weight: 600; }
.whole { padding: .6rem .9rem; border-radius: 8px; overflow-wrap: anywhere; }
.good { background: var(--good); } .bad { background: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.w { white-space: nowrap; }
.a { min-width: 13rem; }
.sum td { border-bottom: 0; font-weight: 600; }
.id { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .82rem; overflow-wrap: anywhere; }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .5em; }
.dot.confirmed { background: var(--confirmed); } rect.confirmed { fill: var(--confirmed); }
.dot.rejected { background: var(--rejected); } rect.rejected { fill: var(--rejected); }
.dot.invalid { background: var(--invalid); } rect.invalid { fill: var(--invalid); }
.dot.superseded { background: var(--superseded); } rect.superseded { fill: var(--superseded); }
.dot.unconfirmed { background: var(--unconfirmed); } rect.unconfirmed { fill: var(--unconfirmed); }
.bar { display: block; width: 100%; height: 1.75rem; border-radius: 6px; margin-bottom: .75rem; }
.pace { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--line); }
.axis { display: flex; justify-content: space-between; font-size: .85rem; margin: .25rem 0; }
a { color: var(--link); } .file { font-weight: 600; }
footer { margin-top: 1.5rem; font-size: .88rem; }
@media (max-width: 40rem) { main { padding: 1rem .6rem 2rem; } h1 { font-size: 1.35rem; } section { padding: .75rem; }
  .verdicts thead { display: none; } .verdicts tr { display: grid; grid-template-columns: 1fr auto 4.5rem; padding: .3rem 0;
    border-bottom: 1px solid var(--line); } .verdicts td { border: 0; padding: .1rem 0; }
  .verdicts .m { grid-column: 1 / 4; color: var(--soft); font-size: .86rem; font-weight: 400; } .verdicts .sum { border: 0; }
  .cards thead { display: none; } .cards tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  .cards td { display: flex; gap: .75rem; border: 0; padding: .15rem 0; text-align: left; white-space: normal; }
  .cards td::before { content: attr(data-th); color: var(--soft); flex: 0 0 7rem; } .a { min-width: 0; }
  .cards td > span.cell { min-width: 0; overflow-wrap: anywhere; } }
@media print { body { background: none; } section { break-inside: avoid; } .wide { overflow: visible; } }
)css";

std::string page_style_hash() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int length = 0;
    EVP_Digest(page_style, std::strlen(page_style), hash.data(), &length, EVP_sha256(), nullptr);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
    const int written = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(length));
    return "sha256-" + std::string(text.begin(), text.begin() + written);
}

}  // namespace consent_sync::report
