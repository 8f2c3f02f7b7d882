using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>A program of examples/, run as its first lines say: in the repository, with what .relaybox/env holds.</summary>
/// <param name="Command">The program and its arguments.</param>
internal sealed record ExampleProgram(params string[] Command)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The program with an order id and an event id of the caller's.</summary>
    public ExampleProgram For(string orderId, string eventId) => Command[0] == "psql"
        ? new([.. Command, "-v", $"order_id={orderId}", "-v", $"event_id={eventId}"])
        : new([.. Command, orderId, eventId]);

    /// <summary>Runs it to its end.</summary>
    public Task<ProgramRun> RunAsync(IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken) =>
        ProgramRun.OfAsync(Command, Patience, cancellationToken, environment);
}
