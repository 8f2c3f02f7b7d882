using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>getMore and killCursors.</summary>
internal static class CursorCommands
{
    private static readonly TimeSpan DefaultAwait = TimeSpan.FromSeconds(1);

    public static CommandDefinition[] All { get; } =
    [
        new("getMore", CommandTraits.InTransaction | CommandTraits.Read, "collection batchSize term lastKnownCommittedOpTime", GetMore),
        new("killCursors", CommandTraits.InTransaction, "cursors", KillCursors),
    ];

    private static BsonDocument GetMore(CommandContext context)
    {
        if (context.Command[0] is not BsonInt64 { Value: var id })
        {
            throw ServerErrors.WrongType("getMore", "getMore", context.Command[0], "long");
        }

        var collection = context.Text("collection") ?? throw ServerErrors.Missing("getMore", "collection");
        var cursor = context.Server.Cursors.Get(context, id, collection);
        cursor.IsBusy = true;
        try
        {
            if (cursor.Source is Streams.ChangeStreamSource stream)
            {
                Await(context, cursor, stream);
            }

            var batch = cursor.Source.Take(context.NonNegative("batchSize") is > 0 and { } size ? size : long.MaxValue);
            var exhausted = cursor.Source.IsExhausted;
            if (exhausted)
            {
                context.Server.Cursors.Kill(id);
            }

            var answer = new BsonDocument { { "nextBatch", batch }, { "id", exhausted ? 0L : id }, { "ns", $"{cursor.Database}.{collection}" } };
            if (cursor.Source is Streams.ChangeStreamSource token)
            {
                answer["postBatchResumeToken"] = token.PostBatchResumeToken;
            }

            return new BsonDocument("cursor", answer);
        }
        catch (ServerException) when (cursor.Source is Streams.ChangeStreamSource)
        {
            context.Server.Cursors.Kill(id);
            throw;
        }
        finally
        {
            cursor.IsBusy = false;
        }
    }

    private static void Await(CommandContext context, ServerCursor cursor, Streams.ChangeStreamSource stream)
    {
        var patience = context.Number("maxTimeMS") is { } milliseconds and > 0 ? TimeSpan.FromMilliseconds(milliseconds) : DefaultAwait;
        var deadline = new Deadline(context.Server.Clock, patience);
        try
        {
            context.Store.WaitUntil(() => stream.HasNext || stream.IsExhausted || !context.Server.Cursors.Contains(cursor.Id), deadline);
        }
        catch (ServerException exception) when (exception.Code == 50)
        {
            // An empty batch.
        }

        if (!context.Server.Cursors.Contains(cursor.Id))
        {
            throw new ServerException(237, "CursorKilled", $"cursor id {cursor.Id} was killed");
        }
    }

    private static BsonDocument KillCursors(CommandContext context)
    {
        var (killed, missing) = (new BsonArray(), new BsonArray());
        foreach (var id in context.RequiredArray("cursors"))
        {
            (context.Server.Cursors.Kill(id.ToInt64()) ? killed : missing).Add(id);
        }

        Monitor.PulseAll(context.Store.Gate);
        return new BsonDocument
        {
            { "cursorsKilled", killed }, { "cursorsNotFound", missing }, { "cursorsAlive", new BsonArray() }, { "cursorsUnknown", new BsonArray() },
        };
    }
}
