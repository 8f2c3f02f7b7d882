namespace Relaybox.MongoDb;

/// <summary>What Setup makes besides the collections.</summary>
/// <param name="Roles">The roles, and whom they are granted; null: none are made.</param>
/// <param name="EffectsCollection">The example handler's collection; null where the example is not deployed.</param>
internal sealed record MongoSetupOptions(MongoRoles? Roles, string? EffectsCollection);
