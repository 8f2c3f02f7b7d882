using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>What an update operator does at one path.</summary>
/// <param name="Change">Makes the new value from the present one; null stands for none.</param>
internal sealed record Modifier(Func<BsonValue?, ModifierContext, BsonValue?> Change)
{
    /// <summary>Whether the path is made where it is missing. The operators that only take away leave it so.</summary>
    public bool Creates { get; init; } = true;

    /// <summary>Whether it acts only where an upsert inserts.</summary>
    public bool OnInsertOnly { get; init; }

    /// <summary>The path that <c>$rename</c> takes its value from.</summary>
    public UpdatePath? Source { get; init; }
}
