using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Streams;

namespace Relaybox.MongoDouble.Commands;

/// <summary>aggregate that begins with <c>$changeStream</c>.</summary>
internal static class ChangeStreamCommand
{
    private static readonly HashSet<string> AllowedStages =
        ["$match", "$project", "$addFields", "$set", "$unset", "$replaceRoot", "$replaceWith", "$redact"];

    public static BsonDocument Open(CommandContext context, BsonValue specification, BsonArray stages)
    {
        if (specification is not BsonDocument options)
        {
            throw new ServerException(50808, "Location50808", "$changeStream stage expects a document as argument.");
        }

        var scope = Scope(context, options);
        Users.Authorization.Require(context, "find", scope.Collection ?? "", scope.Database);
        Users.Authorization.Require(context, "changeStream", scope.Collection ?? "", scope.Database);
        if (!context.Server.ReplicaSet.IsEnabled)
        {
            throw new ServerException(40573, "Location40573", "The $changeStream stage is only supported on replica sets");
        }

        if (context.Transaction is not null)
        {
            throw new ServerException(263, "OperationNotSupportedInTransaction", "$changeStream is not supported in a multi-document transaction");
        }

        foreach (var stage in stages)
        {
            var name = stage is BsonDocument { ElementCount: > 0 } document ? document.GetElement(0).Name : "";
            if (!AllowedStages.Contains(name))
            {
                throw ServerErrors.IllegalOperation($"{name} is not permitted in a $changeStream pipeline");
            }
        }

        var source = new ChangeStreamSource(context.Store, scope, Pipeline.Parse(stages), LooksUp(options), Start(context, options));
        long? batchSize = context.Document("cursor") is { } cursor && cursor.TryGetValue("batchSize", out var size) ? size.ToInt64() : null;
        // Looks once, so that a lost history is told at once, and the token stands at the last commit where nothing has happened.
        _ = source.HasNext;
        var answer = context.Server.Cursors.Open(context, scope.Collection ?? "$cmd.aggregate", source, batchSize);
        answer["cursor"]["postBatchResumeToken"] = source.PostBatchResumeToken;
        return answer;
    }

    private static ChangeStreamScope Scope(CommandContext context, BsonDocument options)
    {
        string[] known =
        [
            "fullDocument", "fullDocumentBeforeChange", "resumeAfter", "startAfter", "startAtOperationTime", "allChangesForCluster",
            "showExpandedEvents",
        ];
        if (options.Names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw ServerErrors.UnknownField("$changeStream", unknown);
        }

        if (options.GetValue("showExpandedEvents", false).ToBoolean() || options.GetValue("fullDocumentBeforeChange", "off") != "off")
        {
            throw new ServerException(
                238, "NotImplemented", "showExpandedEvents and fullDocumentBeforeChange are not supported by the development double");
        }

        if (options.GetValue("allChangesForCluster", false).ToBoolean())
        {
            return context.Database == "admin"
                ? new ChangeStreamScope(null, null)
                : throw ServerErrors.InvalidOptions("A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database");
        }

        if (context.Database is "admin" or "local" or "config")
        {
            throw ServerErrors.InvalidNamespace($"$changeStream may not be opened on the internal {context.Database} database");
        }

        return new ChangeStreamScope(context.Database, context.Command[0].IsNumeric ? null : context.CollectionName());
    }

    private static bool LooksUp(BsonDocument options) => options.GetValue("fullDocument", "default") switch
    {
        BsonString { Value: "default" } => false,
        BsonString { Value: "updateLookup" } => true,
        BsonString { Value: "whenAvailable" or "required" } => throw new ServerException(
            238, "NotImplemented", "The development double keeps no post-images: fullDocument is default or updateLookup"),
        var other => throw ServerErrors.BadValue($"Enumeration value '{other}' for field '$changeStream.fullDocument' is not a valid value."),
    };

    private static ResumeToken Start(CommandContext context, BsonDocument options)
    {
        string[] given = [.. new[] { "resumeAfter", "startAfter", "startAtOperationTime" }.Where(options.Contains)];
        if (given.Length > 1)
        {
            throw new ServerException(
                50865, "Location50865", "Only one type of resume option is allowed, but multiple were found: " + string.Join(", ", given));
        }

        switch (given)
        {
            case ["startAtOperationTime"]:
                if (options["startAtOperationTime"] is not BsonTimestamp time)
                {
                    throw ServerErrors.WrongType("$changeStream", "startAtOperationTime", options["startAtOperationTime"], "timestamp");
                }

                return new ResumeToken(unchecked((ulong)time.Value) - 1, -1);
            case [var name]:
                var token = ResumeToken.Parse(options[name]);
                return name == "resumeAfter" && token.IsInvalidate
                    ? throw new ServerException(
                        260,
                        "InvalidResumeToken",
                        "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.")
                    : token with { IsInvalidate = false };
            default:
                return new ResumeToken(context.Store.LastCommit, -1);
        }
    }
}
