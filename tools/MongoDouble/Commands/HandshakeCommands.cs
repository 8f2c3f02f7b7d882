using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;
using Relaybox.MongoDouble.Users;

namespace Relaybox.MongoDouble.Commands;

/// <summary>hello, and its old name isMaster.</summary>
internal static class HandshakeCommands
{
    // Drivers tell more from version to version; like the server, hello takes what it does not know.
    private const CommandTraits Traits = CommandTraits.Anonymous | CommandTraits.AnyFields;

    public static CommandDefinition[] All { get; } =
    [
        new("hello", Traits, "", context => Hello(context, "isWritablePrimary")),
        new("isMaster", Traits, "", context => Hello(context, "ismaster")),
        new("ismaster", Traits, "", context => Hello(context, "ismaster")),
    ];

    private static BsonDocument Hello(CommandContext context, string primary)
    {
        if (context.Document("client") is { } client
            && client.TryGetValue("application", out var application) && application is BsonDocument named && named.TryGetValue("name", out var name))
        {
            context.Connection.AppName = name.AsString;
        }

        Await(context);
        var server = context.Server;
        var set = server.ReplicaSet;
        var answer = new BsonDocument
        {
            { "helloOk", true },
            { primary, set.IsPrimary },
            { "topologyVersion", new BsonDocument { { "processId", server.ProcessId }, { "counter", set.TopologyVersion } } },
            { "maxBsonObjectSize", BsonSize.MaxDocumentBytes },
            { "maxMessageSizeBytes", Wire.WireReader.MaxMessageBytes },
            { "maxWriteBatchSize", InsertCommand.MaxBatch },
            { "localTime", context.Evaluation.Now },
            { "logicalSessionTimeoutMinutes", 30 },
            { "connectionId", context.Connection.Id },
            { "minWireVersion", 0 },
            { "maxWireVersion", DoubleServer.MaxWireVersion },
            { "readOnly", false },
        };
        AddSet(context, answer);
        ScramAuthentication.Greet(context, answer);
        return answer;
    }

    private static void AddSet(CommandContext context, BsonDocument answer)
    {
        var set = context.Server.ReplicaSet;
        if (!set.IsEnabled)
        {
            return;
        }

        if (set.Config is not { } config)
        {
            answer["secondary"] = false;
            answer["isreplicaset"] = true;
            answer["info"] = "Does not have a valid replica set config";
            return;
        }

        var time = new BsonTimestamp(unchecked((long)context.Store.LastCommit));
        var written = new BsonDocument { { "ts", time }, { "t", (long)set.Term } };
        answer["setName"] = config["_id"];
        answer["setVersion"] = config["version"];
        answer["secondary"] = set.IsSecondary;
        answer["hosts"] = new BsonArray { set.Address };
        answer["me"] = set.Address;
        answer["lastWrite"] = new BsonDocument
        {
            { "opTime", written },
            { "lastWriteDate", context.Evaluation.Now },
            { "majorityOpTime", written },
            { "majorityWriteDate", context.Evaluation.Now },
        };
        if (set.IsPrimary)
        {
            answer["primary"] = set.Address;
            answer["electionId"] = new ObjectId($"7fffffff{set.Term:x16}");
        }
    }

    // The driver's monitor asks to be answered when something has changed, or after a while.
    private static void Await(CommandContext context)
    {
        if (context.Number("maxAwaitTimeMS") is not { } milliseconds || context.Document("topologyVersion") is not { } known)
        {
            return;
        }

        var server = context.Server;
        var deadline = new Deadline(server.Clock, TimeSpan.FromMilliseconds(milliseconds));
        try
        {
            server.Store.WaitUntil(
                () => known["processId"] != server.ProcessId || known["counter"].ToInt64() < server.ReplicaSet.TopologyVersion, deadline);
        }
        catch (ServerException)
        {
            // Nothing has changed.
        }
    }
}
