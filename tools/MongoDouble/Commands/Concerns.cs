using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>Read and write concerns, as a replica set of one meets them: everything is majority committed at once.</summary>
internal static class Concerns
{
    /// <exception cref="ServerException">The read concern is unknown, or not for this command.</exception>
    public static void CheckRead(CommandContext context)
    {
        if (context.Command.GetValue("readConcern", BsonNull.Value) is not BsonDocument concern)
        {
            return;
        }

        if (concern.Names.FirstOrDefault(name => name is not ("level" or "afterClusterTime" or "atClusterTime" or "provenance")) is { } unknown)
        {
            throw ServerErrors.UnknownField("readConcern", unknown);
        }

        if (concern.TryGetValue("atClusterTime", out var at) && at != new BsonTimestamp(unchecked((long)context.Store.LastCommit)))
        {
            throw new ServerException(239, "SnapshotTooOld", "The development double keeps no snapshots but those of open transactions.");
        }

        var level = concern.GetValue("level", "local");
        if (level is not BsonString { Value: "local" or "available" or "majority" or "linearizable" or "snapshot" })
        {
            throw ServerErrors.FailedToParse($"readConcern.level must be either 'local', 'majority', 'linearizable', 'available', or 'snapshot'");
        }

        var inTransaction = context.Command.Contains("autocommit");
        if (inTransaction && !context.Command.Contains("startTransaction"))
        {
            throw ServerErrors.InvalidOptions("Only the first command in a transaction may specify a readConcern");
        }

        if (!inTransaction && level == "snapshot" && context.Name is not ("find" or "aggregate" or "distinct"))
        {
            throw ServerErrors.InvalidOptions($"Command {context.Name} does not support {{ readConcern: {{ level: \"snapshot\" }} }}");
        }

        if (inTransaction && level != "local" && level != "majority" && level != "snapshot")
        {
            throw ServerErrors.InvalidOptions(
                $"The readConcern level must be either 'local' (default), 'majority' or 'snapshot' in order to run in a transaction");
        }
    }

    /// <summary>What the answer says of a write concern that one server cannot meet; null: it is met.</summary>
    public static BsonDocument? WriteError(CommandContext context)
    {
        if (context.Command.GetValue("writeConcern", BsonNull.Value) is not BsonDocument concern || !context.Server.ReplicaSet.IsEnabled)
        {
            return null;
        }

        return concern.GetValue("w", 1) switch
        {
            { IsNumeric: true } members when members.ToInt64() > 1 => Error(
                100, "UnsatisfiableWriteConcern", "Not enough data-bearing nodes", concern),
            BsonString { Value: not "majority" } mode => Error(
                79, "UnknownReplWriteConcern", $"No write concern mode named '{mode.Value}' found in replica set configuration", concern),
            _ => null,
        };
    }

    private static BsonDocument Error(int code, string name, string message, BsonDocument concern) => new()
    {
        { "code", code }, { "codeName", name }, { "errmsg", message }, { "errInfo", new BsonDocument("writeConcern", concern) },
    };
}
