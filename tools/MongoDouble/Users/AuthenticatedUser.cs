namespace Relaybox.MongoDouble.Users;

/// <summary>Who has authenticated.</summary>
internal sealed record AuthenticatedUser(string Database, string Name);
