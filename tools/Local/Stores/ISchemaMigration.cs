namespace Relaybox.Local.Stores;

/// <summary>How <c>./run migrate</c> brings the schema of one kind of database up to date.</summary>
internal interface ISchemaMigration : IAsyncDisposable
{
    /// <summary>The schema's name.</summary>
    string Schema { get; }

    /// <summary>Whether the settings name users who get the roles.</summary>
    bool NamesUsers { get; }

    /// <summary>Applies what is missing.</summary>
    /// <returns>The names of what was applied.</returns>
    Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Makes the roles, and grants them to the users that the settings name.</summary>
    Task GrantRolesAsync(CancellationToken cancellationToken);

    /// <summary>What is wrong with the database where one of these failed because of it; null where it is not to blame.</summary>
    string? Explain(Exception exception);
}
