using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>replSetInitiate and what else is about the replica set.</summary>
internal static class ReplicaSetCommands
{
    private const CommandTraits Traits = CommandTraits.AdminOnly | CommandTraits.Cluster;

    public static CommandDefinition[] All { get; } =
    [
        new("replSetInitiate", Traits, "", Initiate) { Action = "replSetConfigure" },
        new("replSetGetStatus", Traits, "initialSync", Status) { Action = "replSetGetStatus" },
        new("replSetGetConfig", Traits, "commitmentStatus", context => new BsonDocument("config", Config(context))) { Action = "replSetGetConfig" },
        new("replSetStepDown", Traits, "secondaryCatchUpPeriodSecs force", StepDown) { Action = "replSetStateChange" },
        new("replSetFreeze", Traits, "", Freeze) { Action = "replSetStateChange" },
        new("replSetStepUp", Traits, "skipDryRun", StepUp) { Action = "replSetStateChange" },
    ];

    private static BsonDocument Initiate(CommandContext context)
    {
        RequireEnabled(context);
        var set = context.Server.ReplicaSet;
        if (set.Config is not null)
        {
            throw new ServerException(23, "AlreadyInitialized", "already initialized");
        }

        var given = context.Command[0] as BsonDocument ?? [];
        var name = given.GetValue("_id", context.Server.Options.ReplicaSet).AsString;
        if (name != context.Server.Options.ReplicaSet)
        {
            throw new ServerException(
                93,
                "InvalidReplicaSetConfig",
                $"Rejecting initiate with a set name that differs from command line set name, initiate set name: {name}, command line set "
                + $"name: {context.Server.Options.ReplicaSet}");
        }

        var members = given.GetValue("members", new BsonArray()).AsBsonArray;
        if (members.Count > 1)
        {
            throw new ServerException(93, "InvalidReplicaSetConfig", "The development double is a replica set of one member.");
        }

        var address = members.Count == 1 ? members[0]["host"].AsString : set.Address;
        set.Initiate(new BsonDocument
        {
            { "_id", name },
            { "version", 1 },
            { "term", 1 },
            { "members", new BsonArray { new BsonDocument { { "_id", 0 }, { "host", address }, { "priority", 1 }, { "votes", 1 } } } },
            { "protocolVersion", 1L },
            { "settings", new BsonDocument("replicaSetId", ObjectId.GenerateNewId()) },
        });
        return [];
    }

    private static BsonDocument Status(CommandContext context)
    {
        var set = context.Server.ReplicaSet;
        var config = Config(context);
        return new BsonDocument
        {
            { "set", config["_id"] },
            { "date", context.Evaluation.Now },
            { "myState", set.IsPrimary ? 1 : 2 },
            { "term", (long)set.Term },
            {
                "members",
                new BsonArray
                {
                    new BsonDocument
                    {
                        { "_id", 0 }, { "name", set.Address }, { "health", 1.0 }, { "state", set.IsPrimary ? 1 : 2 },
                        { "stateStr", set.IsPrimary ? "PRIMARY" : "SECONDARY" }, { "self", true },
                    },
                }
            },
        };
    }

    private static BsonDocument StepDown(CommandContext context)
    {
        Config(context);
        if (!context.Server.ReplicaSet.IsPrimary)
        {
            throw ServerErrors.NotWritablePrimary();
        }

        if (!context.Flag("force"))
        {
            throw new ServerException(
                262, "ExceededTimeLimit", "No electable secondaries caught up as of now. Please use the replSetStepDown command with the argument "
                + "{force: true} to force node to step down.");
        }

        var seconds = context.Command[0] is { IsNumeric: true } number ? number.ToDouble() : 60;
        context.Server.ReplicaSet.StepDown(TimeSpan.FromSeconds(seconds));
        return [];
    }

    private static BsonDocument Freeze(CommandContext context)
    {
        Config(context);
        if (context.Command[0] is { IsNumeric: true } seconds && seconds.ToDouble() == 0)
        {
            context.Server.ReplicaSet.StepUp(atOnce: true);
        }

        return [];
    }

    private static BsonDocument StepUp(CommandContext context)
    {
        Config(context);
        context.Server.ReplicaSet.StepUp(atOnce: true);
        return [];
    }

    private static BsonDocument Config(CommandContext context)
    {
        RequireEnabled(context);
        return context.Server.ReplicaSet.Config ?? throw new ServerException(94, "NotYetInitialized", "no replset config has been received");
    }

    private static void RequireEnabled(CommandContext context)
    {
        if (!context.Server.ReplicaSet.IsEnabled)
        {
            throw new ServerException(76, "NoReplicationEnabled", "This node was not started with replication enabled.");
        }
    }
}
