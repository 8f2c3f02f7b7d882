using Relaybox.Testing;

namespace Relaybox.Local.Tests;

internal static class TestFiles
{
    public static string Workers => RepositoryRoot.Combine("tests", "Local.Tests", "Workers");

    public static string Stack => RepositoryRoot.Combine("tests", "Local.Tests", "TestData", "stack.yaml");
}
