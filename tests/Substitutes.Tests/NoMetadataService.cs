using System.Runtime.CompilerServices;

namespace Relaybox.Substitutes.Tests;

/// <summary>Nothing here may ask a link-local address for a region or for credentials.</summary>
internal static class NoMetadataService
{
    [ModuleInitializer]
    internal static void Disable() => Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
}
