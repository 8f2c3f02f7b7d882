using MongoDB.Bson;
using Relaybox.MongoDouble.Sessions;

namespace Relaybox.MongoDouble.Commands;

/// <summary>An open cursor.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Database">Of its namespace.</param>
/// <param name="Collection">Of its namespace.</param>
/// <param name="Source">What it reads from.</param>
/// <param name="SessionId">The session that opened it; null: none.</param>
/// <param name="Transaction">The transaction that opened it; null: none.</param>
/// <param name="User">Who opened it; null: nobody had authenticated.</param>
internal sealed record ServerCursor(
    long Id, string Database, string Collection, CursorSource Source, BsonValue? SessionId, ClientTransaction? Transaction, string? User)
{
    /// <summary>By the clock's <c>GetTimestamp</c>.</summary>
    public long LastUse { get; set; }

    /// <summary>Whether a getMore is at work on it.</summary>
    public bool IsBusy { get; set; }
}
