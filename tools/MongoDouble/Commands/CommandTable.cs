namespace Relaybox.MongoDouble.Commands;

/// <summary>All commands by their names.</summary>
internal static class CommandTable
{
    public static IReadOnlyDictionary<string, CommandDefinition> All { get; } = Collect();

    private static Dictionary<string, CommandDefinition> Collect()
    {
        var all = new Dictionary<string, CommandDefinition>(StringComparer.Ordinal);
        CommandDefinition[][] families =
        [
            HandshakeCommands.All, DiagnosticCommands.All, ReplicaSetCommands.All, ReadCommands.All, AggregateCommand.All, CursorCommands.All,
            InsertCommand.All, UpdateCommand.All, DeleteCommand.All, FindAndModifyCommand.All, CollectionCommands.All, CatalogCommands.All,
            IndexCommands.All, TransactionCommands.All, SessionCommands.All, ExplainCommand.All,
            SaslCommands.All, UserCommands.All, RoleCommands.All,
        ];
        foreach (var definition in families.SelectMany(family => family))
        {
            all.Add(definition.Name, definition);
        }

        return all;
    }
}
