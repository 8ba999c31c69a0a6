// hubspot_sim: the simulated HubSpot as a program. See README.md.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/program_options.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "hubspot_sim/simulator.hpp"

namespace {

namespace po = boost::program_options;
namespace sim = consent_sync::hubspot_sim;
namespace base = consent_sync::base;

constexpr int exit_usage = 2;

using values = std::vector<std::string>;

po::options_description describe() {
    po::options_description all("hubspot_sim: a strict, misbehaving HubSpot");
    all.add_options()("help", "this text")("ca-file",
                                           po::value<std::string>()->value_name("FILE")->default_value("ca.pem"),
                                           "where the authority's certificate is written")(
        "port-file", po::value<std::string>()->value_name("FILE"), "where the port is written")(
        "script", po::value<values>()->composing()->value_name("FAULT"),
        "for the next request, as 503, reset+apply, 502-html+late:2s; may be repeated");
    for (const sim::option_entry& entry : sim::option_entries()) {
        auto* value = po::value<values>()->composing();
        if (entry.value.empty()) {
            value->zero_tokens()->implicit_value(values(1, "true"), "true");
        } else {
            value->value_name(std::string(entry.value));
        }
        all.add_options()(std::string(entry.name).c_str(), value, std::string(entry.help).c_str());
    }
    return all;
}

// In the order of the table, so that --fast comes before the limits.
base::result<sim::options> read_options(const po::variables_map& given) {
    sim::options o;
    for (const sim::option_entry& entry : sim::option_entries()) {
        const std::string name(entry.name);
        if (given.count(name) == 0) continue;
        for (const std::string& value : given[name].as<values>()) {
            auto done = sim::set_option(o, name, value, false);
            if (!done) return done.error();
        }
    }
    return o;
}

base::result<std::vector<sim::fault>> read_script(const po::variables_map& given) {
    std::vector<sim::fault> script;
    if (given.count("script") == 0) return script;
    for (const std::string& text : given["script"].as<values>()) {
        auto f = sim::parse_fault(text);
        if (!f) return f.error();
        script.push_back(std::move(*f));
    }
    return script;
}

// The port file comes last: whoever waits for it finds everything else in place.
base::result<void> announce(const sim::simulator& s, const po::variables_map& given, bool plain) {
    const std::string ca_file = given["ca-file"].as<std::string>();
    if (!plain) {
        auto written = s.write_authority(ca_file);
        if (!written) return written;
    }
    std::cout << "listening on " << s.base_url() << (plain ? "" : " ca=" + ca_file) << std::endl;
    if (given.count("port-file") == 0) return {};
    const std::string file = given["port-file"].as<std::string>();
    const std::string unfinished = file + ".tmp";
    std::ofstream out(unfinished, std::ios::trunc);
    out << s.port() << "\n" << std::flush;
    if (!out || std::rename(unfinished.c_str(), file.c_str()) != 0) {
        return base::error{base::errc::io, "cannot write the port to " + file};
    }
    return {};
}

int fail(const std::string& message, int code) {
    std::cerr << "hubspot_sim: " << message << "\n";
    return code;
}

int serve(const po::variables_map& given) {
    const auto o = read_options(given);
    if (!o) return fail(o.error().message, exit_usage);
    auto script = read_script(given);
    if (!script) return fail(script.error().message, exit_usage);

    // Before the threads start, so that no signal is lost.
    boost::asio::io_context context(1);
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([](const boost::system::error_code&, int) {});

    auto started = sim::simulator::start(*o);
    if (!started) return fail(started.error().message, EXIT_FAILURE);
    (*started)->next(std::move(*script));
    if (auto announced = announce(**started, given, o->plain); !announced) {
        return fail(announced.error().message, EXIT_FAILURE);
    }
    context.run();  // until a signal
    (*started)->stop();
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    po::variables_map given;
    const po::options_description all = describe();
    try {
        const po::positional_options_description none;
        po::store(po::command_line_parser(argc, argv).options(all).positional(none).run(), given);
        po::notify(given);
    } catch (const po::error& e) {
        return fail(e.what(), exit_usage);
    }
    if (given.count("help") != 0) {
        std::cout << all << "\n";
        return EXIT_SUCCESS;
    }
    return serve(given);
}
