using Relaybox.MongoDouble.Users;

namespace Relaybox.MongoDouble.Commands;

internal static class SaslCommands
{
    public static CommandDefinition[] All { get; } =
    [
        new(
            "saslStart",
            CommandTraits.Anonymous,
            "mechanism payload autoAuthorize options",
            context => ScramAuthentication.Start(context, context.Command, context.Database)),
        new("saslContinue", CommandTraits.Anonymous, "conversationId payload", ScramAuthentication.Continue),
        new("logout", CommandTraits.Anonymous, "", context =>
        {
            context.Connection.User = null;
            return [];
        }),
    ];
}
