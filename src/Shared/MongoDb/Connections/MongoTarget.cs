using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>What may be said of a connection: where it leads and as whom, never its password.</summary>
/// <param name="Host">Host and port, or several of them.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The user; empty: the connection names no user.</param>
/// <param name="Credentials">Where the credentials come from.</param>
/// <param name="RolePrefix">What the names of the roles begin with.</param>
internal sealed record MongoTarget(string Host, string Database, string User, string Credentials, string RolePrefix)
{
    /// <summary>Whether connections are made with TLS.</summary>
    internal bool UsesTls { get; init; }

    internal static MongoTarget Of(IMongoDatabase database, MongoConnectionOptions options)
    {
        var settings = database.Client.Settings;
        return new MongoTarget(
            string.Join(",", settings.Servers.Select(server => $"{server.Host}:{server.Port}")),
            database.DatabaseNamespace.DatabaseName,
            settings.Credential?.Username is { } user && MongoNames.IsValid(user) ? user : settings.Credential is null ? "" : "(not shown)",
            options switch
            {
                { SecretArn: { } arn } => $"the secret {arn}",
                { Uri: not null } => "MONGODB_URI",
                _ => "the connection string",
            },
            options.RolePrefix)
        {
            UsesTls = settings.UseTls,
        };
    }
}
