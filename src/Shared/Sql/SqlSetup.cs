using Relaybox.Settings;

namespace Relaybox.Sql;

/// <summary>
/// Applies the migrations, makes the example handler's table where the example is on, and grants the roles where users are
/// named to whom.
/// </summary>
/// <param name="effectsTable">The example handler's table; null where the example is not deployed.</param>
internal abstract class SqlSetup(string? effectsTable) : ISetupStep
{
    /// <inheritdoc />
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var applied = await MigrateAsync(cancellationToken);
        if (effectsTable is { } table)
        {
            await CreateEffectsAsync(table, cancellationToken);
        }

        await GrantRolesAsync(effectsTable is { } effects ? [effects] : [], cancellationToken);
        return applied.Count;
    }

    /// <summary>Applies what is missing.</summary>
    /// <returns>The names of what was applied.</returns>
    protected abstract Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Makes the example handler's table, unless it is there.</summary>
    protected abstract Task CreateEffectsAsync(string table, CancellationToken cancellationToken);

    /// <summary>Makes the roles and grants them, where users are named.</summary>
    /// <param name="handlerTables">Tables that handlers write to.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    protected abstract Task GrantRolesAsync(string[] handlerTables, CancellationToken cancellationToken);
}
