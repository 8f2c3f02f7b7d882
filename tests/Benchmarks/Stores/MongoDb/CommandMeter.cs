using MongoDB.Bson;
using MongoDB.Driver.Core.Configuration;
using MongoDB.Driver.Core.Events;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>Counts the commands of a client, and the bytes of these and of their answers.</summary>
internal sealed class CommandMeter
{
    internal const string Commands = "commands";
    internal const string Sent = "sent";
    internal const string Received = "received";

    // The driver's own, which come by the clock.
    private static readonly string[] OfTheDriver = ["hello", "isMaster", "ismaster", "endSessions", "ping"];

    private long _commands;
    private long _sent;
    private long _received;

    /// <summary>Counts from now on.</summary>
    public void Attach(ClusterBuilder cluster) => cluster
        .Subscribe<CommandStartedEvent>(started =>
        {
            if (!OfTheDriver.Contains(started.CommandName))
            {
                Interlocked.Increment(ref _commands);
                Interlocked.Add(ref _sent, started.Command.ToBson().Length);
            }
        })
        .Subscribe<CommandSucceededEvent>(succeeded =>
        {
            if (!OfTheDriver.Contains(succeeded.CommandName))
            {
                Interlocked.Add(ref _received, succeeded.Reply.ToBson().Length);
            }
        });

    /// <summary>What some work costs.</summary>
    public async Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work)
    {
        var (commands, sent, received) = (_commands, _sent, _received);
        await work();
        return
        [
            new Cost(Commands, _commands - commands, IsOfRows: false),
            new Cost(Sent, _sent - sent, IsOfRows: true),
            new Cost(Received, _received - received, IsOfRows: true),
        ];
    }
}
