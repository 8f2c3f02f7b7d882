using System.Security.Cryptography;
using Relaybox.Local.Running;

namespace Relaybox.Local.Stores;

/// <summary>A store with users of its own: an owner, and one for the functions.</summary>
/// <param name="owner">The owner's name.</param>
internal abstract class DatabaseRun(string owner) : StoreRun
{
    /// <summary>The database user of the functions: it has what Setup grants it.</summary>
    protected const string FunctionsUser = "relaybox_functions";

    /// <summary>The password of the owner, and of the functions.</summary>
    public string Password { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public override void Configure(IDictionary<string, string> parameters, LocalSecrets secrets)
    {
        // Without a secret of the owner's the functions are the owner; otherwise they get what Setup grants them, and no more.
        parameters.TryAdd("DatabaseOwnerSecretArn", secrets.Add("database-owner", Secret(owner)));
        var user = parameters["DatabaseOwnerSecretArn"].Length == 0 ? owner : FunctionsUser;
        parameters.TryAdd("DatabaseSecretArn", secrets.Add("database", Secret(user)));
        parameters.TryAdd("DatabaseFunctionsUser", user);
    }

    /// <summary>The secret of a user, as Secrets Manager has it.</summary>
    protected abstract string Secret(string user);
}
