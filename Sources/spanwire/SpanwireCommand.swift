import ArgumentParser
@main struct SpanwireCommand: AsyncParsableCommand { static let configuration = CommandConfiguration(commandName: "spanwire", subcommands: [Collect.self]) }
