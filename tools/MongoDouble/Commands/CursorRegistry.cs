using System.Security.Cryptography;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>The open cursors. Used under the store's gate.</summary>
internal sealed class CursorRegistry(TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<long, ServerCursor> _cursors = [];

    public int Count => _cursors.Count;

    /// <summary>The first batch of a result, and a cursor where more follows.</summary>
    /// <param name="batchSize">How many documents; null: the server's 101.</param>
    /// <param name="single">Whether no cursor may stay open.</param>
    public BsonDocument Open(CommandContext context, string collection, CursorSource source, long? batchSize, bool single = false)
    {
        var batch = source.Take(batchSize ?? 101);
        var id = 0L;
        if (!source.IsExhausted && !single)
        {
            id = RandomNumberGenerator.GetInt32(1, int.MaxValue) * 4294967291L;
            _cursors[id] = new ServerCursor(
                id, context.Database, collection, source, context.Session?.Id, context.Transaction, context.Connection.User?.Name)
            {
                LastUse = clock.GetTimestamp(),
            };
            context.Transaction?.Cursors.Add(id);
        }

        var cursor = new BsonDocument { { "firstBatch", batch }, { "id", id }, { "ns", $"{context.Database}.{collection}" } };
        if (context.Transaction is null && context.Document("readConcern") is { } concern && concern.GetValue("level", "local") == "snapshot")
        {
            cursor["atClusterTime"] = new BsonTimestamp(unchecked((long)context.Store.LastCommit));
        }

        return new BsonDocument("cursor", cursor);
    }

    public bool IsChangeStream(long id) => _cursors.TryGetValue(id, out var cursor) && cursor.Source is not DocumentSource;

    /// <exception cref="ServerException">There is none, or it belongs to somebody else.</exception>
    public ServerCursor Get(CommandContext context, long id, string collection)
    {
        if (!_cursors.TryGetValue(id, out var cursor) || cursor.IsBusy)
        {
            throw ServerErrors.CursorNotFound(id);
        }

        if (cursor.Database != context.Database || cursor.Collection != collection)
        {
            throw ServerErrors.Unauthorized(
                $"Requested getMore on namespace '{context.Database}.{collection}', but cursor belongs to a different namespace "
                + $"{cursor.Database}.{cursor.Collection}");
        }

        if (cursor.User != context.Connection.User?.Name)
        {
            throw ServerErrors.Unauthorized($"cursor id {id} was not created by the authenticated user");
        }

        if (cursor.SessionId is not null && !cursor.SessionId.Equals(context.Session?.Id))
        {
            throw new ServerException(
                50737, "Location50737", $"Cannot run getMore on cursor {id}, which was created in another session, or in none");
        }

        if (cursor.Transaction is not null && cursor.Transaction != context.Transaction)
        {
            throw new ServerException(
                50740, "Location50740", $"Cannot run getMore on cursor {id}, which was created in a transaction, outside of it");
        }

        cursor.LastUse = clock.GetTimestamp();
        return cursor;
    }

    public bool Contains(long id) => _cursors.ContainsKey(id);

    public bool Kill(long id) => _cursors.Remove(id);

    /// <summary>Forgets cursors that nobody has used for ten minutes, and those of transactions that have ended.</summary>
    public void Expire()
    {
        foreach (var cursor in _cursors.Values.ToArray())
        {
            if ((!cursor.IsBusy && clock.GetElapsedTime(cursor.LastUse) > Lifetime)
                || cursor.Transaction is { State: not Sessions.TransactionState.InProgress })
            {
                _cursors.Remove(cursor.Id);
            }
        }
    }
}
