#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/errors.h"
#include "cli/doctor_command.h"
#include "cli/reference_command.h"
#include "cli/source_types.h"
#include "cli/topic_commands.h"
#include "cli/version.h"
#include "cli/worker_command.h"
#include "worker/request_error.h"

namespace {

enum ExitCode { kFine = 0, kRuntimeFault = 1, kWrongUsage = 2, kEnvironment = 3 };

int fail(ExitCode code, const char* message) {
    std::cerr << "millrace: " << message << '\n';
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace millrace;
    CLI::App app{"Change data capture: what Debezium on Kafka Connect does, in one native program"};
    app.require_subcommand(1);
    cli::Action action;
    cli::add_source_transforms();

    auto* worker = app.add_subcommand("worker", "Run a worker: connectors, REST API, topics");
    const auto files = std::make_shared<std::vector<std::string>>();
    const auto overrides = std::make_shared<std::vector<std::string>>();
    worker->add_option("FILE", *files, "Worker properties and connector files (.json, .properties)");
    worker->add_option("--set", *overrides, "Worker property NAME=VALUE; may be repeated")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    worker->callback(
        [&action, files, overrides] { action = [files, overrides] { return cli::run_worker(*files, *overrides); }; });
    auto* doctor = app.add_subcommand("doctor", "Examine cluster, topics and databases before anything runs");
    const auto as_json = std::make_shared<bool>(false);
    const auto fixes = std::make_shared<bool>(false);
    doctor->add_option("FILE", *files, "Worker properties and connector files (.json, .properties)");
    doctor->add_option("--set", *overrides, "Worker property NAME=VALUE; may be repeated")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    doctor->add_flag("--fix", *fixes, "Mend what is safe to mend");
    doctor->add_flag("--json", *as_json, "One JSON array");
    doctor->callback([&action, files, overrides, fixes, as_json] {
        action = [=] { return cli::run_doctor(*files, *overrides, *fixes, *as_json); };
    });
    cli::add_topic_commands(app, action);
    cli::add_connector_commands(app, action);
    auto* reference = app.add_subcommand("reference", "Print a connector's properties as a page in Markdown");
    const auto connector = std::make_shared<std::string>();
    reference->add_option("CONNECTOR", *connector, "mysql or mariadb")->required();
    reference->callback([&action, connector] { action = [connector] { return cli::print_reference(*connector); }; });
    app.add_subcommand("version", "Print the version")->callback([&action] {
        action = [] {
            std::cout << "millrace " << cli::kVersion << '\n';
            return 0;
        };
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& fault) {
        return app.exit(fault) == 0 ? kFine : kWrongUsage;
    }
    try {
        return action();
    } catch (const ConfigError& fault) {
        return fail(kWrongUsage, fault.what());
    } catch (const EnvironmentError& fault) {
        return fail(kEnvironment, fault.what());
    } catch (const worker::RequestError& fault) {
        return fail(fault.status() == 400 ? kWrongUsage : kRuntimeFault, fault.what());
    } catch (const std::exception& fault) {
        return fail(kRuntimeFault, fault.what());
    }
}
