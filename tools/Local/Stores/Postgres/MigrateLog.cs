using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Postgres;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>Says on the terminal what a migration waits for; what it applied the command says itself.</summary>
internal sealed class MigrateLog : ILogger<PostgresMigrator>
{
    private const int MigrationWaits = 1404;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id == MigrationWaits)
        {
            Console.WriteLine($"{formatter(state, null)}.");
        }
    }
}
