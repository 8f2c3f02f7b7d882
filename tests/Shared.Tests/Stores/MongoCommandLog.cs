using System.Collections.Concurrent;
using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Events;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A client that remembers the commands that it has sent.</summary>
internal sealed class MongoCommandLog : IDisposable
{
    private static readonly string[] OfTheDriver = ["hello", "isMaster", "ismaster", "endSessions", "ping"];

    private readonly ConcurrentQueue<BsonDocument> _commands = new();

    public MongoCommandLog(MongoDbServer server) => Client = server.CreateClient(settings => settings.ClusterConfigurator = cluster =>
        cluster
            .Subscribe<CommandStartedEvent>(started =>
            {
                if (!OfTheDriver.Contains(started.CommandName))
                {
                    _commands.Enqueue(started.Command.DeepClone().AsBsonDocument);
                }
            })
            .Subscribe<CommandSucceededEvent>(succeeded => Answered?.Invoke(succeeded.CommandName)));

    public MongoClient Client { get; }

    /// <summary>What happens when the server has answered a command, before the client has the answer.</summary>
    public Action<string>? Answered { get; set; }

    /// <summary>The commands since the last call.</summary>
    public List<BsonDocument> Take()
    {
        var taken = new List<BsonDocument>();
        while (_commands.TryDequeue(out var command))
        {
            taken.Add(command);
        }

        return taken;
    }

    public static IEnumerable<string> NamesOf(IEnumerable<BsonDocument> commands) => commands.Select(command => command.GetElement(0).Name);

    public void Dispose() => Client.Dispose();
}
