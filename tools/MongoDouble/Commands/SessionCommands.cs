using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>startSession, endSessions and what else is about sessions.</summary>
internal static class SessionCommands
{
    public static CommandDefinition[] All { get; } =
    [
        new("startSession", CommandTraits.None, "", _ => new BsonDocument
        {
            { "id", new BsonDocument("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard)) }, { "timeoutMinutes", 30 },
        }),
        new("endSessions", CommandTraits.Anonymous, "", End),
        new("refreshSessions", CommandTraits.None, "", _ => []),
        new("killSessions", CommandTraits.None, "", End),
        new("killAllSessions", CommandTraits.None, "", context =>
        {
            context.Server.Sessions.AbortAll();
            return [];
        }),
    ];

    private static BsonDocument End(CommandContext context)
    {
        if (context.Command[0] is not BsonArray sessions)
        {
            throw ServerErrors.WrongType(context.Name, context.Name, context.Command[0], "array");
        }

        foreach (var session in sessions)
        {
            context.Server.Sessions.End(session);
        }

        return [];
    }
}
