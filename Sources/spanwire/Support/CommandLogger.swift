import ArgumentParser
import Logging

/// Loggers of commands, which write to standard error.
enum CommandLogger {
    static func make(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "spanwire", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
