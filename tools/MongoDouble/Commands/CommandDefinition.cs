using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>A command: its name, what it takes, and how it is executed.</summary>
/// <param name="Name">As the client calls it.</param>
/// <param name="Traits">What the dispatcher has to know.</param>
/// <param name="Fields">Its own fields, separated by blanks; those of every command are known.</param>
/// <param name="Run">Executes it under the store's gate.</param>
internal sealed record CommandDefinition(string Name, CommandTraits Traits, string Fields, Func<CommandContext, BsonDocument> Run)
{
    private HashSet<string>? _fields;

    /// <summary>The privilege that it needs on the collection that it names, or on the database; null: it checks by itself.</summary>
    public string? Action { get; init; }

    public bool Has(CommandTraits trait) => (Traits & trait) != 0;

    public bool Knows(string field) => (_fields ??= [.. Fields.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Contains(field);
}
