namespace Relaybox.Local.Stack;

/// <summary>What the runner plays of a template.</summary>
/// <param name="Buckets">The names of its buckets.</param>
/// <param name="Notes">What it leaves out, one line each.</param>
internal sealed record StackDefinition(
    IReadOnlyList<TableDefinition> Tables,
    IReadOnlyList<QueueDefinition> Queues,
    IReadOnlyList<FunctionDefinition> Functions,
    IReadOnlyList<string> Buckets,
    IReadOnlyList<string> Notes)
{
    public TableDefinition? Table(string logicalId) => Tables.FirstOrDefault(table => table.LogicalId == logicalId);

    public QueueDefinition? Queue(string logicalId) => Queues.FirstOrDefault(queue => queue.LogicalId == logicalId);

    public QueueDefinition? QueueByArn(string arn) => Queues.FirstOrDefault(queue => queue.Arn == arn);

    public FunctionDefinition? Function(string name) => Functions.FirstOrDefault(function => function.IsCalled(name));
}
