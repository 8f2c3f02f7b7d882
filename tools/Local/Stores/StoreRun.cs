using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Stores;

/// <summary>The store of a run. Who wants more of it than this asks for it by its type.</summary>
internal abstract class StoreRun : RunPart
{
    /// <summary>
    /// Makes what a deployment would have made before any function runs. Default: nothing; the template's tables are those of DynamoDB.
    /// </summary>
    public override Task ProvisionAsync(StackDefinition stack, CancellationToken cancellationToken) => stack.Tables.Count == 0
        ? Task.CompletedTask
        : throw new RunnerException("The template has tables, and its Store is not dynamodb.");

    /// <summary>Makes the demo's app on the store.</summary>
    /// <param name="environment">What <c>.relaybox/env</c> holds: the names of the tables are there.</param>
    public abstract IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment);
}
