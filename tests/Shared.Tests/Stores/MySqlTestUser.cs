using MySqlConnector;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A user of the test server, who has what a test has granted it.</summary>
public sealed class MySqlTestUser(MySqlSchema schema) : IAsyncDisposable
{
    internal const string Password = "password-of-a-test";

    // A user's name has at most 32 characters on MySQL.
    public string Name { get; } = $"u{Guid.NewGuid():N}"[..24];

    /// <summary>The user's connections; the caller disposes them.</summary>
    public MySqlDataSource Connect() => schema.Connect(settings => (settings.UserID, settings.Password) = (Name, Password));

    /// <summary>Ends every connection of the user.</summary>
    public async Task CutAsync()
    {
        foreach (var row in await schema.QueryAsync("SELECT id FROM information_schema.processlist WHERE user = ?", Name))
        {
            await schema.ExecuteAsync($"KILL CONNECTION {row["id"]}");
        }
    }

    public async ValueTask DisposeAsync() => await schema.ExecuteAsync($"DROP USER {Name}");
}
