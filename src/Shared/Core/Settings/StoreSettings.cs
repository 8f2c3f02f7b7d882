using Microsoft.Extensions.DependencyInjection;

namespace Relaybox.Settings;

/// <summary>The settings of the store that was chosen.</summary>
internal abstract record StoreSettings
{
    /// <summary>How long a sweep waits for new rows once it has sent what was due. Default: it does not wait.</summary>
    public TimeSpan Listen { get; init; }

    /// <summary>
    /// Adds the repositories, the job store, the setup steps, and the doctor's checks. Clients are made when something first asks for them.
    /// </summary>
    /// <param name="services">The services of the function.</param>
    public abstract void AddServices(IServiceCollection services);
}
