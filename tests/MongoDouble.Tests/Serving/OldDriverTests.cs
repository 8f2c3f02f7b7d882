using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>Debian's python3-pymongo, which opens its connections by OP_QUERY.</summary>
public sealed class OldDriverTests(MongoDbServer server) : ServerTest(server)
{
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task It_reads_writes_and_watches()
    {
        Assert.SkipUnless(
            File.Exists(Python) && (await RunAsync("-c", "import pymongo")).ExitCode == 0,
            "There is no pymongo (Debian: python3-pymongo).");
        var script = Path.Combine(RepositoryRoot.Path, "tests", "MongoDouble.Tests", "Serving", "old_driver.py");
        var run = await RunAsync(script, Server.ConnectionString, Database.DatabaseNamespace.DatabaseName);
        Assert.Equal(["done"], run.Printed);
    }

    private static Task<ProgramRun> RunAsync(params string[] arguments) =>
        ProgramRun.OfAsync([Python, .. arguments], Patience, TestContext.Current.CancellationToken);
}
