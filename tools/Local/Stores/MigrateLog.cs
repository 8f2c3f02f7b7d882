using Microsoft.Extensions.Logging;

namespace Relaybox.Local.Stores;

/// <summary>Says on the terminal what a migration waits for; what it applied the command says itself.</summary>
/// <typeparam name="TMigrator">The store's migrator.</typeparam>
/// <param name="waits">The number of the store's message that says so.</param>
internal sealed class MigrateLog<TMigrator>(int waits) : ILogger<TMigrator>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id == waits)
        {
            Console.WriteLine($"{formatter(state, null)}.");
        }
    }
}
